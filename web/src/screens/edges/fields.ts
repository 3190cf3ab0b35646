import { isObject } from "../../schema/json-schema";

/** Facts about the run that expressions see. */
const RUN = ["id", "job", "project", "status", "attempts", "error", "summary", "revision"].map((name) => `run.${name}`);
const DEEPEST = 3;

/** The fields that an expression of a job's edges may name, as far as its schemas say. */
export function fieldsOf(output: unknown, args: unknown): string[] {
  return [...under("output", output, output, DEEPEST), ...under("args", args, args, DEEPEST), ...RUN];
}

function under(path: string, schema: unknown, root: unknown, depth: number): string[] {
  const plain = resolved(schema, root);
  if (depth === 0 || !isObject(plain) || !isObject(plain.properties)) return [];
  return Object.entries(plain.properties).flatMap(([name, each]) => {
    const field = /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
    return [field, ...under(field, each, root, depth - 1)];
  });
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
