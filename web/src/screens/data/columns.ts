import { choices, type JsonSchema, properties, text } from "../../schema/json-schema";

export type Kind = "time" | "link" | "number" | "boolean" | "choice" | "text" | "nested";

/** A column of a generic table. */
export interface Column {
  name: string;
  title: string;
  description?: string;
  kind: Kind;
  unit?: string;
  hidden: boolean;
}

/** The columns of a view by its row's schema. A row of no known shape is one column. */
export function columnsOf(rowSchema: JsonSchema): Column[] {
  return properties(rowSchema).map(([name, schema]) => ({
    name,
    title: text(schema.title) ?? name,
    description: text(schema.description),
    kind: kindOf(schema),
    unit: text(schema["x-unit"]),
    hidden: schema["x-hidden"] === true,
  }));
}

/** When the schema names no columns, the rows do. */
export function columnsIn(rows: Record<string, unknown>[]): Column[] {
  const names = new Set(rows.flatMap(Object.keys));
  return [...names].map((name) => ({ name, title: name, kind: "text", hidden: false }));
}

function kindOf(schema: JsonSchema): Kind {
  if (choices(schema)) return "choice";
  switch (schema.type) {
    case "boolean":
      return "boolean";
    case "integer":
    case "number":
      return "number";
    case "object":
    case "array":
      return "nested";
    case "string":
      return schema.format === "date-time" ? "time" : schema.format === "uri" ? "link" : "text";
    default:
      return "text";
  }
}
