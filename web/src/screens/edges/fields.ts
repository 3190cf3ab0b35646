import { isObject } from "../../schema/json-schema";

/** Facts about the run that expressions see. */
const RUN = ["id", "job", "project", "status", "attempts", "error", "summary", "revision", "key", "not_reached"].map(
  (name) => `run.${name}`,
);
const DEEPEST = 3;

interface Field {
  path: string;
  /** With references followed. */
  schema: unknown;
}

/** The fields that an expression of a job's edges may name, as far as its schemas say. */
export function fieldsOf(output: unknown, args: unknown): string[] {
  return [...known(output, args).map(({ path }) => path), ...RUN];
}

/** The fields that an expression of a join may name: the output of each job that it waits for stands under its name. */
export function joinFieldsOf(outputs: [job: string, schema: unknown][]): string[] {
  const fields = outputs.flatMap(([job, schema]) => {
    const path = inside("output", job);
    return [path, ...under(schema, path, schema, DEEPEST).map((field) => field.path)];
  });
  return [...fields, ...RUN];
}

/** Those of the fields of an edge that are lists. */
export function listsOf(output: unknown, args: unknown): string[] {
  return known(output, args).flatMap(({ path, schema }) => (isList(schema) ? [path] : []));
}

/**
 * What `item` may name in an edge that makes a run for each element of a list: its fields, if the list is a field
 * of the output or the args.
 */
export function itemFieldsOf(each: string, output: unknown, args: unknown): string[] {
  const path = each.trim();
  if (path === "") return [];
  const name = /^(output|args)\b/.exec(path)?.[1];
  const root = name === "args" ? args : output;
  const list = name === path ? resolved(root, root) : fieldAt(path, name, root);
  const items = isObject(list) ? list.items : undefined;
  return ["item", ...under(items, "item", root, DEEPEST).map((field) => field.path)];
}

function fieldAt(path: string, name: string | undefined, root: unknown): unknown {
  return name && under(root, name, root, DEEPEST).find((field) => field.path === path)?.schema;
}

/** The text with its last word completed by each field that fits. */
export function completions(text: string, fields: string[]): string[] {
  const word = /[\w.]*$/.exec(text)?.[0] ?? "";
  const before = text.slice(0, text.length - word.length);
  return fields.filter((field) => field.startsWith(word) && field !== word).map((field) => before + field);
}

function known(output: unknown, args: unknown): Field[] {
  return [...under(output, "output", output, DEEPEST), ...under(args, "args", args, DEEPEST)];
}

function under(schema: unknown, path: string, root: unknown, depth: number): Field[] {
  const plain = resolved(schema, root);
  if (depth === 0 || !isObject(plain) || !isObject(plain.properties)) return [];
  return Object.entries(plain.properties).flatMap(([name, each]) => {
    const field = inside(path, name);
    return [{ path: field, schema: resolved(each, root) }, ...under(each, field, root, depth - 1)];
  });
}

const inside = (path: string, name: string) =>
  /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;

function isList(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  const { type } = schema;
  return type === "array" || (Array.isArray(type) && type.includes("array"));
}

/** What a schema says once references are followed and null is left out. */
function resolved(schema: unknown, root: unknown, hops = 16): unknown {
  if (!isObject(schema) || hops === 0) return schema;
  if (typeof schema.$ref === "string" && schema.$ref.startsWith("#/")) {
    const steps = schema.$ref.slice(2).split("/");
    return resolved(
      steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), root),
      root,
      hops - 1,
    );
  }
  const choices = schema.anyOf ?? schema.allOf;
  if (!Array.isArray(choices)) return schema;
  const others = choices.filter((each) => !isObject(each) || each.type !== "null");
  return others.length === 1 ? resolved(others[0], root, hops - 1) : schema;
}
