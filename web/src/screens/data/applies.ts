import type { Action } from "../../api/types";
import { choices, isObject, type JsonSchema, properties } from "../../schema/json-schema";
import type { Row } from "./view-data";

/**
 * Whether an action makes sense for a row: by the hint `x-actions` of the row's schema, which names the values
 * that columns must have, and by the enumerations of its own input.
 */
export function applies(action: Action, row: Row, rowSchema: JsonSchema): boolean {
  const hint = isObject(rowSchema["x-actions"]) ? rowSchema["x-actions"][action.name] : undefined;
  const wanted = isObject(hint) ? Object.entries(hint) : [];
  const fits = ([name, values]: [string, unknown]) => !Array.isArray(values) || values.includes(row[name]);
  return wanted.every(fits) && properties(action.input_schema).every(([name, schema]) => takes(schema, row[name]));
}

/** What the row does not have is asked for. */
function takes(schema: JsonSchema, value: unknown): boolean {
  const allowed = choices(schema);
  return value === null || value === undefined || !allowed || allowed.some((each) => each.value === value);
}
