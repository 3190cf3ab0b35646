import { choices, isObject, type JsonSchema, properties, resolved } from "../../schema/json-schema";

/** One arg that an edge gives, as it stands in the form. */
export interface ArgRow {
  /** Of the form alone: names may change. */
  id: number;
  name: string;
  /** What `text` is: an expression, or a value as the schema of the arg has it. */
  as: "expression" | "value";
  text: string;
  /** What the file says, for as long as the row has not been touched. */
  untouched?: { value: unknown };
}

/** What is wrong with a row: the end of the name of its text. */
export type ArgFault = "missing" | "no_name" | "twice" | "unknown" | "integer" | "number" | "boolean" | "json" | "null";

/** What a job takes, as far as its schema says. */
export interface Takes {
  args: [name: string, schema: JsonSchema][];
  required: string[];
  /** Whether it takes no others. */
  closed: boolean;
}

export function takesOf(schema: unknown): Takes {
  const whole = isObject(schema) ? resolved(schema, schema) : {};
  const required = Array.isArray(whole.required) ? whole.required.filter((name) => typeof name === "string") : [];
  return { args: properties(schema), required, closed: whole.additionalProperties === false };
}

export const schemaOf = (takes: Takes, name: string): JsonSchema =>
  takes.args.find(([each]) => each === name)?.[1] ?? {};

/** A row for each arg that the edge gives, and for each that the job cannot do without. */
export function rowsOf(args: Record<string, unknown> | undefined, takes: Takes): ArgRow[] {
  const given = Object.entries(args ?? {}).map(([name, value]) => ({ name, ...shown(value, schemaOf(takes, name)) }));
  const missing = takes.required.filter((name) => !Object.hasOwn(args ?? {}, name));
  const empty = missing.map((name) => ({ name, as: "expression" as const, text: "" }));
  return [...given, ...empty].map((row, id) => ({ ...row, id }));
}

/** Neither named nor filled in: it says nothing. */
const isBlank = ({ name, text }: ArgRow) => name.trim() === "" && text.trim() === "";

/** What rows give, and what is wrong with them, by their ids. */
export function argsOf(rows: ArgRow[], takes: Takes): { args: Record<string, unknown>; faults: Map<number, ArgFault> } {
  const args: Record<string, unknown> = {};
  const faults = new Map<number, ArgFault>();
  for (const row of rows) {
    if (isBlank(row)) continue;
    const name = row.name.trim();
    const read = row.untouched ?? readValue(row, schemaOf(takes, name));
    const fault: ArgFault | undefined =
      name === ""
        ? "no_name"
        : Object.hasOwn(args, name)
          ? "twice"
          : takes.closed && !takes.args.some(([known]) => known === name)
            ? "unknown"
            : "fault" in read
              ? read.fault
              : undefined;
    if (fault) faults.set(row.id, fault);
    if ("value" in read && !fault) args[name] = read.value;
  }
  return { args, faults };
}

/** The kind of text by which a value is given. Whatever has no plain type is JSON. */
export function kindOf(schema: JsonSchema): "string" | "integer" | "number" | "boolean" | "json" {
  const { type } = schema;
  if (type === "string" || type === "integer" || type === "number" || type === "boolean") return type;
  const options = type === undefined ? choices(schema) : undefined;
  return options?.length && options.every(({ value }) => typeof value === "string") ? "string" : "json";
}

/** Values to choose from, as they are typed. */
export function optionsOf(schema: JsonSchema): string[] {
  const kind = kindOf(schema);
  if (kind === "boolean") return ["true", "false"];
  const options = schema.enum || schema.oneOf || schema.anyOf ? (choices(schema) ?? []) : [];
  return options.map(({ value }) => (kind === "string" ? String(value) : JSON.stringify(value)));
}

/** A text of jobs.toml is an expression: one that is no more than a text in quotes is shown as that text. */
function shown(value: unknown, schema: JsonSchema): Pick<ArgRow, "as" | "text" | "untouched"> {
  const untouched = { value };
  if (typeof value !== "string") return { as: "value", text: JSON.stringify(value), untouched };
  const quoted = kindOf(schema) === "string" ? unquoted(value) : undefined;
  return quoted === undefined ? { as: "expression", text: value, untouched } : { as: "value", text: quoted, untouched };
}

function unquoted(text: string): string | undefined {
  if (!/^"[^"\\\n]*"$/.test(text)) return undefined;
  return text.slice(1, -1);
}

function readValue({ as, text }: ArgRow, schema: JsonSchema): { value: unknown } | { fault: ArgFault } {
  const typed = text.trim();
  if (typed === "") return { fault: "missing" };
  if (as === "expression") return { value: typed };
  switch (kindOf(schema)) {
    case "string":
      return { value: JSON.stringify(typed) };
    case "integer":
      return /^[+-]?\d+$/.test(typed) && Number.isSafeInteger(Number(typed))
        ? { value: Number(typed) }
        : { fault: "integer" };
    case "number":
      return Number.isFinite(Number(typed)) ? { value: Number(typed) } : { fault: "number" };
    case "boolean":
      return typed === "true" || typed === "false" ? { value: typed === "true" } : { fault: "boolean" };
    default:
      return ofJson(typed);
  }
}

function ofJson(text: string): { value: unknown } | { fault: ArgFault } {
  try {
    const value: unknown = JSON.parse(text);
    // TOML has no null, and its texts are expressions.
    if (value === null) return { fault: "null" };
    return { value: typeof value === "string" ? JSON.stringify(value) : value };
  } catch {
    return { fault: "json" };
  }
}
