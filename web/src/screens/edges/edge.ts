import type { TFunction } from "i18next";

import { isObject } from "../../schema/json-schema";

/** After which ends of its job an edge may be taken. */
export const ENDS = ["success", "failure", "always", "recovered"] as const;
type End = (typeof ENDS)[number];

/** What may follow the end of a job. */
export interface Edge {
  job: string;
  on: End;
  when?: string | undefined;
}

/** An edge of a draft, which may hold anything: what names no job is left out. */
export function edgeOf(item: unknown): Edge | undefined {
  if (typeof item === "string") return { job: item, on: "success" };
  if (!isObject(item) || typeof item.job !== "string") return undefined;
  const on = ENDS.find((end) => end === item.on) ?? "success";
  return { job: item.job, on, ...(typeof item.when === "string" && { when: item.when }) };
}

/** As jobs.toml has it: a plain edge is a name. Keys that this form does not know stay as they are. */
export function written(edge: Edge, before: unknown): unknown {
  const { on: _on, when: _when, job: _job, ...others } = isObject(before) ? before : {};
  const told = { ...(edge.on !== "success" && { on: edge.on }), ...(edge.when && { when: edge.when }), ...others };
  return Object.keys(told).length === 0 ? edge.job : { job: edge.job, ...told };
}

/** When an edge is taken, in few words; undefined for one that follows each success. */
export function conditionOf({ on, when }: Pick<Edge, "on" | "when">, t: TFunction): string | undefined {
  const parts = [on !== "success" && t(`edges.on.${on}`), when && t("edges.if", { when })].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : undefined;
}

/** The same of all edges from one job to another; undefined if one of them follows each success. */
export function conditionsOf(edges: Pick<Edge, "on" | "when">[], t: TFunction): string | undefined {
  const all = edges.map((edge) => conditionOf(edge, t));
  return all.length === 0 || all.includes(undefined) ? undefined : all.join("; ");
}
