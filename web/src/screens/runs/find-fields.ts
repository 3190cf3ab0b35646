import type { JobType } from "../../api/types";
import { choices, isObject, type JsonSchema, resolved, text } from "../../schema/json-schema";

/** A field of args or outputs that runs can be found by. */
export interface FindField {
  /** As a condition names it: `args.invoice.id`. */
  path: string;
  /** What it is called, if its schema says. */
  title: string | undefined;
  type: string | undefined;
  /** The values that it may have, if they are few. */
  values: string[];
  /** Whether it is a list: `~` looks for an item. */
  list: boolean;
}

/** As deep as the host looks. */
const DEEPEST = 16;
/** Schemas may be recursive: so many fields are enough to choose from. */
const MOST_FIELDS = 2000;
/** Names that no condition can hold. */
const UNSPEAKABLE = /["\\\p{Cc}]/u;
const BARE = /^[^\s.[\]!=<>~"\\]+$/;

/** The fields of these jobs, of any depth, each once; what is secret for one of them is not among them. */
export function fieldsToFind(types: JobType[]): FindField[] {
  const found = new Map<string, FindField>();
  const secret = new Set<string>();
  for (const type of types) {
    walk("args", type.args_schema, found, secret);
    walk("output", type.output_schema, found, secret);
  }
  const within = (path: string, outer: string) =>
    path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
  const hidden = (path: string) => [...secret].some((each) => within(path, each));
  return [...found.values()].filter(({ path }) => !hidden(path));
}

function walk(path: string, given: unknown, found: Map<string, FindField>, secret: Set<string>): void {
  if (!isObject(given)) return;
  const root: JsonSchema = given;
  const into = (at: string, schema: unknown, depth: number): void => {
    const plain = resolved(schema, root);
    if (plain.format === "password" || plain.writeOnly === true) {
      secret.add(at);
      return;
    }
    if (depth > DEEPEST || found.size >= MOST_FIELDS) return;
    const inner = resolved(plain.items, root);
    const list = plain.type === "array" && !isObject(inner.properties);
    const simple = list || (typeof plain.type === "string" && !["object", "array"].includes(plain.type));
    const values = valuesOf(plain);
    if (depth > 0 && (simple || values.length > 0) && !found.has(at)) {
      found.set(at, { path: at, title: text(plain.title), type: text(plain.type), values, list });
    }
    const options = [plain, ...[plain.oneOf, plain.anyOf, plain.allOf].filter(Array.isArray).flat()];
    for (const option of options) {
      const { properties } = resolved(option, root);
      if (!isObject(properties)) continue;
      for (const [name, each] of Object.entries(properties)) {
        if (!UNSPEAKABLE.test(name)) into(at + step(name), each, depth + 1);
      }
    }
    if (plain.type === "array" && !list) into(`${at}.0`, plain.items, depth + 1);
  };
  into(path, root, 0);
}

/** A name as the host reads it: what could be taken for something else stands in brackets. */
const step = (name: string): string =>
  BARE.test(name) && !/^\d+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

function valuesOf(schema: JsonSchema): string[] {
  if (schema.type === "boolean") return ["true", "false"];
  const known = choices(schema) ?? [];
  return known.map(({ value }) => (typeof value === "string" ? value : JSON.stringify(value)));
}

/** A condition as it is written, in its parts; `undefined` while it is none. */
export function parted(typed: string): { path: string; operator: string; value: string } | undefined {
  const found = /^\s*((?:\[[^\]]*\]|[^\s!=<>~[])+)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*$/.exec(typed);
  return found ? { path: found[1] ?? "", operator: found[2] ?? "", value: found[3] ?? "" } : undefined;
}

export interface Suggestion {
  /** What is typed if it is taken. */
  text: string;
  hint: string;
  /** Whether it is a whole condition. */
  whole: boolean;
}

const MOST_SUGGESTED = 50;

/** What what is typed may be meant to be: fields, then values of a field whose values are known. */
export function suggestions(typed: string, fields: FindField[]): Suggestion[] {
  const parts = parted(typed);
  if (parts) {
    const field = fields.find(({ path }) => path === parts.path);
    const sought = parts.value.toLowerCase();
    const fitting = (field?.values ?? []).filter(
      (value) => value.toLowerCase().includes(sought) && value !== parts.value,
    );
    return fitting.map((value) => ({ text: `${parts.path}${parts.operator}${value}`, hint: "", whole: true }));
  }
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ path, title }: FindField) => {
    const all = `${path} ${title ?? ""}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  const hint = ({ title, type }: FindField) => [title, type].filter(Boolean).join(" · ");
  return fields
    .filter(fits)
    .slice(0, MOST_SUGGESTED)
    .map((field) => ({ text: field.path + (field.list ? "~" : "="), hint: hint(field), whole: false }));
}
