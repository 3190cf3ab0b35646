import { isObject, type JsonSchema, properties } from "../../schema/json-schema";
import type { Row } from "./view-data";

/**
 * What a row gives an action, and the schema of what is to be asked. Nothing is asked when the row
 * gives all that is required.
 */
export function actionInput(schema: JsonSchema, row: Row): { filled: Row; rest?: JsonSchema } {
  const known = properties(schema).map(([name]) => name);
  const given = (name: string) => row[name] !== null && row[name] !== undefined;
  const filled = Object.fromEntries(known.filter(given).map((name) => [name, row[name]]));
  const required = (Array.isArray(schema.required) ? schema.required : []).filter((name) => !given(String(name)));
  if (required.length === 0) return { filled };
  const asked = isObject(schema.properties)
    ? Object.fromEntries(Object.entries(schema.properties).filter(([name]) => !given(name)))
    : {};
  return { filled, rest: { ...schema, properties: asked, required } };
}
