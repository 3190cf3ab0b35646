import { choices, isObject, type JsonSchema, withoutNull } from "../schema/json-schema";

const DEFINITIONS = ["$defs", "definitions"];
const DEFINED = /^#\/(\$defs|definitions)\/[^/]+$/;
/**
 * Ends the name of a definition without presets. What may be null is absent unless it is given: presets
 * further in would bring it about, so they are only suggested.
 */
const BARE = " (bare)";
const MAPS = ["properties", ...DEFINITIONS, "patternProperties"];
const LISTS = ["anyOf", "oneOf", "allOf"];
const SINGLES = ["items", "additionalProperties", "if", "then", "else"];
/** Words that say what a value is; without any of them it may be anything. */
const TELLING = ["type", "$ref", "properties", "enum", "const", "oneOf", "anyOf", "allOf", "items", "if"];

/**
 * A schema as the form can show it: a value that may be null is one that may be left out, an
 * enumeration is one list however it was written, and what has no field of its own is typed as JSON.
 */
export function prepared(schema: unknown): JsonSchema {
  const { title: _, ...root } = part(schema, false);
  for (const word of DEFINITIONS) {
    const map = isObject(schema) ? schema[word] : undefined;
    if (!isObject(map)) continue;
    const bare = Object.entries(map).map(([name, each]) => [name + BARE, part(each, true)]);
    root[word] = { ...(root[word] as object), ...Object.fromEntries(bare) };
  }
  return root;
}

function part(schema: unknown, bare: boolean): JsonSchema {
  if (!isObject(schema)) return anything({});
  const kept = withoutNull(schema);
  const own = { ...kept };
  if (own.default === null) delete own.default;
  if (kept !== schema && own.default === undefined) bare = true;
  if (bare && own.default !== undefined) {
    own.examples = [own.default];
    delete own.default;
  }
  if (bare && typeof own.$ref === "string" && DEFINED.test(own.$ref)) own.$ref += BARE;
  const list = choices(own);
  if (list && !("const" in own)) return enumeration(own, list);
  if (!hasField(own)) return anything(own);
  for (const word of MAPS) {
    const map = own[word];
    if (isObject(map))
      own[word] = Object.fromEntries(Object.entries(map).map(([name, each]) => [name, part(each, bare)]));
  }
  for (const word of LISTS) {
    const list = own[word];
    if (Array.isArray(list)) own[word] = list.map((each) => named(part(each, bare)));
  }
  for (const word of SINGLES) if (isObject(own[word])) own[word] = part(own[word], bare);
  return own;
}

function enumeration(schema: JsonSchema, list: ReturnType<typeof choices> & object): JsonSchema {
  const { enum: _, oneOf: __, anyOf: ___, ...own } = schema;
  const type = own.type ?? (list.every(({ value }) => typeof value === "string") ? "string" : undefined);
  const oneOf = list.map(({ value, title, description }) => ({
    const: value,
    title: description ? `${title ?? value}: ${description}` : (title ?? String(value)),
  }));
  return { ...own, ...(type !== undefined && { type }), oneOf };
}

/** Whether the form has a field for it. */
function hasField(schema: JsonSchema): boolean {
  if (Array.isArray(schema.type) || schema.type === "null") return false;
  if (schema.type === "array") return isObject(schema.items) && !("prefixItems" in schema);
  const open = schema.additionalProperties !== false && !isObject(schema.additionalProperties);
  if (schema.type === "object" && open) return TELLING.slice(1).some((word) => word in schema);
  return TELLING.some((word) => word in schema);
}

function anything(schema: JsonSchema): JsonSchema {
  const { title, description, default: before, $defs, definitions } = schema;
  const kept = { title, description, default: before, $defs, definitions };
  return {
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
    "x-json": true,
    not: { required: [UNPARSED] },
  };
}

/** Holds what was typed where JSON belongs and is none; so that it is never sent. */
export const UNPARSED = "x-unparsed";

/** An alternative of an enum that carries data, called by its tag or its only property. */
function named(schema: JsonSchema): JsonSchema {
  if (schema.title !== undefined || !isObject(schema.properties)) return schema;
  const all = Object.entries(schema.properties);
  const tag = all.map(([, property]) => (isObject(property) ? property.const : undefined)).find(Boolean);
  const only = all.length === 1 ? all[0]?.[0] : undefined;
  const title = typeof tag === "string" ? tag : only;
  return title === undefined ? schema : { ...schema, title };
}

/** Whether a job that has this schema takes no params at all. */
export function takesNothing(schema: JsonSchema): boolean {
  if (schema.type === "null") return true;
  const none = !isObject(schema.properties) || Object.keys(schema.properties).length === 0;
  return none && schema.additionalProperties === false;
}

/** Values for a form: null stands for what is left out. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const given = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(given.map(([name, each]) => [name, withoutNulls(each)]));
}
