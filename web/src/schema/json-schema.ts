/** A JSON Schema as a plugin wrote it: nothing of it is certain. */
export type JsonSchema = Record<string, unknown>;

/** `$ref`s that lead to one another must end. */
const DEEPEST = 16;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What `#/$defs/Name` points at. */
export function pointed(root: unknown, reference: string): unknown {
  if (!reference.startsWith("#")) return undefined;
  const names = reference.split("/").slice(1).map(unescaped);
  return names.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    root,
  );
}

/** A part of a JSON pointer as the name that it stands for. */
export function unescaped(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** A schema with its `$ref` followed and `null` removed from its alternatives; its own words win. */
export function resolved(schema: unknown, root: JsonSchema, depth = 0): JsonSchema {
  if (!isObject(schema) || depth > DEEPEST) return {};
  if (typeof schema.$ref === "string") {
    const { $ref, ...own } = schema;
    return { ...resolved(pointed(root, $ref), root, depth + 1), ...own };
  }
  const single = withoutNull(schema);
  return single === schema ? schema : resolved(single, root, depth + 1);
}

/** `T` for what was `T` or null; a schema that never allows null comes back as it is. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const types = schema.type.filter((type) => type !== "null");
    const kept: JsonSchema = { ...schema, type: types.length === 1 ? types[0] : types };
    if (Array.isArray(kept.enum)) kept.enum = kept.enum.filter((value) => value !== null);
    return kept;
  }
  for (const word of ["anyOf", "oneOf"]) {
    const options = schema[word];
    if (!Array.isArray(options)) continue;
    const kept = options.filter((option) => !isObject(option) || option.type !== "null");
    if (kept.length === options.length) continue;
    const { [word]: _, ...own } = schema;
    return kept.length === 1 && isObject(kept[0]) ? { ...kept[0], ...own } : { ...own, [word]: kept };
  }
  return schema;
}

export interface Choice {
  value: unknown;
  title?: string;
  description?: string;
}

/** The values that an enumeration allows: `enum`, or what `oneOf` says one by one or in groups. */
export function choices(schema: JsonSchema): Choice[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => ({ value }));
  if ("const" in schema) return [{ value: schema.const, ...annotations(schema) }];
  const options = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(options) || options.length === 0) return undefined;
  const each = options.map((option) => (isObject(option) && !option.properties ? choices(option) : undefined));
  return each.every((list) => list !== undefined) ? each.flat() : undefined;
}

function annotations({ title, description }: JsonSchema): Pick<Choice, "title" | "description"> {
  return {
    ...(typeof title === "string" && { title }),
    ...(typeof description === "string" && { description }),
  };
}

/** The properties of an object's schema, each resolved, in the order written. */
export function properties(schema: unknown): [string, JsonSchema][] {
  if (!isObject(schema)) return [];
  const { properties: found } = resolved(schema, schema);
  if (!isObject(found)) return [];
  return Object.entries(found).map(([name, property]) => [name, resolved(property, schema)]);
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
