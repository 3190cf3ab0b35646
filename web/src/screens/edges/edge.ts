import type { TFunction } from "../../i18n/translations";

import { isObject } from "../../schema/json-schema";

/** After which ends of its job an edge may be taken. */
export const ENDS = ["success", "failure", "always", "recovered"] as const;
type End = (typeof ENDS)[number];

/** What may follow the end of a job. */
export interface Edge {
  job: string;
  on: End;
  when?: string | undefined;
  /** A list: a run is made for each of its elements. */
  each?: string | undefined;
  /** A text is an expression, any other value is itself. */
  args?: Record<string, unknown> | undefined;
  key?: string | undefined;
  after?: string | undefined;
  debounce?: string | undefined;
  at_most?: string | undefined;
}

/** Whatever of it is given. */
export type EdgeRules = Omit<Edge, "job">;

/** The keys of an edge, in the order in which they are written. */
const KEYS = ["job", "on", "when", "each", "args", "key", "after", "debounce", "at_most"] as const;
const TEXTS = ["when", "each", "key", "after", "debounce", "at_most"] as const;

/** An edge of a draft, which may hold anything: what names no job is left out. */
export function edgeOf(item: unknown): Edge | undefined {
  if (typeof item === "string") return { job: item, on: "success" };
  if (!isObject(item) || typeof item.job !== "string") return undefined;
  const edge: Edge = { job: item.job, on: ENDS.find((end) => end === item.on) ?? "success" };
  for (const key of TEXTS) {
    const text = item[key];
    if (typeof text === "string") edge[key] = text;
  }
  if (isObject(item.args)) edge.args = item.args;
  return edge;
}

/** As jobs.toml has it: a plain edge is a name. Keys that this form does not know stay as they are. */
export function written(edge: Edge, before: unknown): unknown {
  const known: readonly string[] = KEYS;
  const others = Object.entries(isObject(before) ? before : {}).filter(([key]) => !known.includes(key));
  const table = { ...tableOf(edge), ...Object.fromEntries(others) };
  return Object.keys(table).length === 1 ? edge.job : table;
}

/** An edge as a table, without what holds if nothing is said. */
export function tableOf(edge: Edge): Record<string, unknown> {
  const isSaid = (key: (typeof KEYS)[number]) => Boolean(edge[key]) && !(key === "on" && edge.on === "success");
  return Object.fromEntries(KEYS.filter(isSaid).map((key) => [key, edge[key]]));
}

/** Whether it is not taken after each success. */
export const isConditional = ({ on, when }: EdgeRules) => on !== "success" || Boolean(when);

/** When an edge is taken and what it makes, in few words; undefined for one that follows each success and no more. */
export function summaryOf(edge: EdgeRules, t: TFunction): string | undefined {
  const { on, when } = edge;
  const parts = [on !== "success" && t(`edges.on.${on}`), when && t("edges.if", { when }), ...madeBy(edge, t)];
  return parts.filter(Boolean).join(", ") || undefined;
}

/** The same of all edges from one job to another. What has a condition says nothing beside one that always holds. */
export function summariesOf(edges: EdgeRules[], t: TFunction): string | undefined {
  const isPlain = (edge: EdgeRules) => summaryOf(edge, t) === undefined;
  const told = edges.some(isPlain) ? edges.filter((edge) => madeBy(edge, t).length > 0) : edges;
  return told.map((edge) => summaryOf(edge, t)).join("; ") || undefined;
}

/** What is made and when it begins: none of an edge that makes its job due at once. */
export function madeBy({ each, args, key, after, debounce, at_most }: EdgeRules, t: TFunction): string[] {
  const names = Object.keys(args ?? {}).join(", ");
  const parts = [
    each && t("edges.each", { each }),
    args && (names ? t("edges.with", { args: names }) : t("edges.with_none")),
    key && t("edges.by", { key }),
    after && t("edges.later", { after }),
    debounce && t("edges.debounced", { debounce }),
    at_most && t("edges.at_most", { at_most }),
  ];
  return parts.filter((part) => typeof part === "string" && part !== "") as string[];
}
