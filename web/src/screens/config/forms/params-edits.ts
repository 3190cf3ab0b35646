import type { Edit } from "../../../api/types";
import { isObject, type JsonSchema, resolved } from "../../../schema/json-schema";

/**
 * From the params that stand in the file to those of the form. What did not change keeps its place and
 * comments, and a preset that the form filled in is not written: the schema says it already.
 */
export function paramsEdits(job: string, schema: JsonSchema, before: unknown, after: unknown): Edit[] {
  return edits(["jobs", job, "params"], schema, schema, before, after);
}

function edits(path: string[], schema: unknown, root: JsonSchema, before: unknown, after: unknown): Edit[] {
  if (same(before, after)) return [];
  const own = resolved(schema, root);
  if (after === undefined) return before === undefined ? [] : [{ op: "remove", path }];
  if (!isObject(after)) {
    if (before === undefined && isPreset(schema, root, after)) return [];
    return listEdits(path, before, after) ?? [{ op: "set", path, value: after }];
  }
  if (before !== undefined && !isObject(before)) return [{ op: "set", path, value: after }];
  const was = before ?? {};
  const properties = isObject(own.properties) ? own.properties : {};
  const names = [...new Set([...Object.keys(was), ...Object.keys(after)])];
  const inner = names.flatMap((name) =>
    edits([...path, name], properties[name] ?? own.additionalProperties, root, was[name], after[name]),
  );
  // A new table is written at once, so that its keys stand together.
  if (before !== undefined || inner.length === 0) return inner;
  return [{ op: "set", path, value: tableOf(inner, path.length) }];
}

/** What edits within a table that was not there make of it. */
function tableOf(inner: Edit[], depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const edit of inner) {
    const name = edit.path[depth];
    if (edit.op === "set" && name !== undefined) made[name] = edit.value;
  }
  return made;
}

function isPreset(schema: unknown, root: JsonSchema, value: unknown): boolean {
  const preset = isObject(schema) && schema.default !== undefined ? schema.default : resolved(schema, root).default;
  return same(preset, value);
}

/** A list of texts that lost or gained some keeps the rest, with their comments. */
function listEdits(path: string[], before: unknown, after: unknown): Edit[] | undefined {
  if (!isTexts(before) || !isTexts(after) || before.length === 0 || after.length === 0) return undefined;
  const [had, has] = [new Set(before), new Set(after)];
  if (had.size < before.length || has.size < after.length) return undefined;
  const gone = before.filter((value) => !has.has(value));
  const added = after.filter((value) => !had.has(value));
  const kept = before.filter((value) => has.has(value));
  if (!same([...kept, ...added], after)) return undefined;
  return [
    ...gone.map((value): Edit => ({ op: "remove_from_list", path, value })),
    ...added.map((value): Edit => ({ op: "add_to_list", path, value })),
  ];
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, at) => same(each, b[at]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same(a[name], b[name]));
}
