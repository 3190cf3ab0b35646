import { parse, TomlDate, TomlError } from "smol-toml";

import { isObject } from "../../schema/json-schema";
import { type Edge, edgeOf } from "../edges/edge";
import { type Join, joinOf } from "../edges/join";

export type Table = Record<string, unknown>;

export const CHAINS = "CASCADE_CHAINS";
export const JOINS = "CASCADE_JOINS";

/** A text of jobs.toml as values; or why it is no TOML. What the values mean is the host's to judge. */
export type Parsed = { value: Table; error?: undefined } | { value?: undefined; error: string };

export function parsedToml(text: string): Parsed {
  try {
    return { value: plain(parse(text)) as Table };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { error: error.message };
  }
}

/**
 * As JSON has it, which is how params reach a plugin. A text among the args of an edge or a join is an expression
 * there: a time becomes the expression that has it for its value.
 */
function plain(value: unknown, path: string[] = []): unknown {
  if (value instanceof TomlDate) return isExpression(path) ? JSON.stringify(value.toISOString()) : value.toISOString();
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((each, at) => plain(each, [...path, `${at}`]));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each, [...path, name])]));
}

const isExpression = ([table, , ...path]: string[]) => {
  const [key, ...names] = table === CHAINS ? path.slice(1) : table === JOINS ? path : [];
  return key === "args" && names.length === 1;
};

export function valueAt(root: Table, path: string[]): unknown {
  return path.reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), root);
}

export function tableAt(root: Table, ...path: string[]): Table {
  const found = valueAt(root, path);
  return isObject(found) ? found : {};
}

/** The names that stand in a table of lists; a draft may hold anything, so that what is no text is left out. */
export function listsAt(root: Table, name: string): Record<string, string[]> {
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
  return Object.fromEntries(Object.entries(tableAt(root, name)).map(([key, value]) => [key, texts(value)]));
}

/** The edges of CASCADE_CHAINS, by job. */
export function edgesAt(root: Table): Record<string, Edge[]> {
  const edges = (value: unknown) => (Array.isArray(value) ? value.flatMap((item) => edgeOf(item) ?? []) : []);
  return Object.fromEntries(Object.entries(tableAt(root, CHAINS)).map(([key, value]) => [key, edges(value)]));
}

/** The downstream jobs of CASCADE_CHAINS, each once, by job. */
export function chainsAt(root: Table): Record<string, string[]> {
  const names = (edges: Edge[]) => [...new Set(edges.map(({ job }) => job))];
  return Object.fromEntries(Object.entries(edgesAt(root)).map(([key, edges]) => [key, names(edges)]));
}

/** The joins of CASCADE_JOINS, by the job that they trigger. */
export function joinsAt(root: Table): Record<string, Join> {
  const joins = Object.entries(tableAt(root, JOINS)).map(([job, value]) => [job, joinOf(value)] as const);
  return Object.fromEntries(joins.flatMap(([job, join]) => (join ? [[job, join]] : [])));
}
