import { type Choice, choices, isObject, type JsonSchema, properties, resolved, text } from "../../schema/json-schema";
import { titledBy, titleOf } from "./titles";

export type Kind = "time" | "link" | "number" | "boolean" | "choice" | "text" | "list" | "nested" | "project";

/** A column of a generic table. */
export interface Column {
  name: string;
  title: string;
  description?: string;
  kind: Kind;
  unit?: string;
  /** The values of an enumeration; of a list, those of its items. */
  choices?: Choice[];
  /** Told to nobody: by a hint, or an id that only machines read. */
  hidden: boolean;
}

/** The columns of a view by its row's schema. A row of no known shape is one column. */
export function columnsOf(rowSchema: JsonSchema): Column[] {
  return properties(rowSchema).map(([name, schema]) => {
    const kind = kindOf(name, schema);
    const items = kind === "list" ? resolved(schema.items, rowSchema) : schema;
    return {
      name,
      title: kind === "project" ? (text(schema.title) ?? titleOf("project")) : titledBy(schema, name, kind === "time"),
      description: text(schema.description),
      kind,
      unit: text(schema["x-unit"]),
      ...(choices(items) && { choices: choices(items) }),
      hidden: schema["x-hidden"] === true || (schema["x-hidden"] !== false && kind === "text" && isId(name, schema)),
    };
  });
}

/** When the schema names no columns, the rows do. */
export function columnsIn(rows: Record<string, unknown>[]): Column[] {
  const names = new Set(rows.flatMap(Object.keys));
  return [...names].map((name) => ({ name, title: titleOf(name), kind: "text", hidden: false }));
}

const isId = (name: string, schema: JsonSchema): boolean =>
  name === "id" || /(_id|Id)$/.test(name) || schema.format === "uuid";

function kindOf(name: string, schema: JsonSchema): Kind {
  if (choices(schema)) return "choice";
  switch (schema.type) {
    case "boolean":
      return "boolean";
    case "integer":
    case "number":
      return "number";
    case "object":
      return "nested";
    case "array":
      return isScalar(schema.items) ? "list" : "nested";
    case "string":
      if (name === "project_id") return "project";
      if (schema.format === "uri") return "link";
      // Many write a time without saying so; a value that is none is shown as it is.
      return schema.format === "date-time" || (schema.format === undefined && name.endsWith("_at")) ? "time" : "text";
    default:
      return "text";
  }
}

function isScalar(items: unknown): boolean {
  if (!isObject(items)) return false;
  return choices(items) !== undefined || ["string", "number", "integer", "boolean"].includes(String(items.type));
}

/** As many as can be read side by side; the rest stands in the details of a row. */
const MOST_COLUMNS = 8;
const TITLES = /^(title|name|headline)$/;
const SUBJECTS = /^(subject|summary|label)$/;
const LONG = /^(body|detail|details|description|text|content|message|note|notes|reason|payload)$/;

/** The smaller, the more a column tells at a glance. */
function rank({ name, kind }: Column): number {
  if (kind === "nested") return 6;
  if (TITLES.test(name)) return 0;
  if (SUBJECTS.test(name)) return 1;
  if (kind === "project") return 2;
  if (kind === "choice" || /^(status|state)$/.test(name)) return 3;
  if (kind === "text" && LONG.test(name)) return 5;
  return 4;
}

/**
 * The columns of the table, the most telling first, and otherwise as the schema has them. If they are too
 * many, those that are empty in all rows go first, then the last. `keep` stays: the rows are ordered by it.
 */
export function tableColumns(
  all: Column[],
  rows: Record<string, unknown>[],
  { keep, oneProject = false }: { keep?: string; oneProject?: boolean } = {},
): Column[] {
  const shown = all.filter(({ hidden, kind }) => !hidden && !(oneProject && kind === "project"));
  const ordered = (shown.length > 0 ? shown : all)
    .map((column, at) => ({ column, at }))
    .sort((a, b) => rank(a.column) - rank(b.column) || a.at - b.at)
    .map(({ column }) => column);
  const filled = ({ name }: Column) =>
    name === keep || rows.some((row) => row[name] !== null && row[name] !== undefined && row[name] !== "");
  const few = ordered.length > MOST_COLUMNS ? ordered.filter(filled) : ordered;
  const kept = few.slice(0, MOST_COLUMNS);
  const ordering = few.find(({ name }) => name === keep);
  return ordering && !kept.includes(ordering) ? [...kept.slice(0, -1), ordering] : kept;
}
