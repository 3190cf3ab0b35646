import type { MatchedRuns as Match, RunState, Trigger } from "../../api/types";
import { type NAMES, NO_FILTERS, type RunFilters } from "./written-filters";

export const RUN_STATES: RunState[] = [
  "scheduled",
  "available",
  "running",
  "retryable",
  "completed",
  "failed",
  "cancelled",
];
export const TRIGGERS: Trigger["kind"][] = ["timer", "manual", "cascade"];
export const SPANS = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 } as const;
export type Span = keyof typeof SPANS;
export const SORTS = ["queued_at", "started_at", "finished_at", "took", "job_type", "state"] as const;
export type SortKey = (typeof SORTS)[number];
export type Sort = SortKey | `-${SortKey}`;

/** The host takes no more at a time. */
export const MOST_CONDITIONS = 4;
export const MOST_TAGS = 16;

/** Whatever the address says that is not known is left out: it may be old, or typed. */
export function readFilters(search: URLSearchParams): RunFilters {
  const text = (name: (typeof NAMES)[number]) => search.get(name) ?? "";
  const list = (name: (typeof NAMES)[number]) => [...new Set(text(name).split(",").filter(Boolean))];
  const from = timeOf(text("from"));
  const to = timeOf(text("to"));
  return {
    jobs: list("job"),
    states: list("state").filter((state): state is RunState => RUN_STATES.includes(state as RunState)),
    trigger: TRIGGERS.find((kind) => kind === text("trigger")) ?? "",
    since: from || to ? "" : ((Object.keys(SPANS) as Span[]).find((span) => span === text("since")) ?? ""),
    from,
    to,
    text: text("q"),
    trace: text("trace"),
    where: search.getAll("where").filter(Boolean).slice(0, MOST_CONDITIONS),
    tags: [...new Set(search.getAll("tag").filter(Boolean))].slice(0, MOST_TAGS),
    sort: sortOf(text("sort")),
    page: Math.max(1, Math.floor(Number(text("page"))) || 1),
  };
}

/** What the host is asked. */
export function queryOf(filters: RunFilters, project_id: string | undefined, now: number) {
  const from = filters.since ? new Date(now - SPANS[filters.since]).toISOString() : filters.from;
  return {
    project_id,
    job_type: filters.jobs.join(","),
    state: filters.states.join(","),
    trigger: filters.trigger,
    from,
    to: filters.to,
    text: filters.text.trim(),
    trace_id: filters.trace,
    where: filters.where,
    tag: filters.tags,
    sort: filters.sort,
    page: filters.page,
  };
}

/** The same runs for an action on all of them: only what is set. */
export function matchOf(filters: RunFilters, project_id: string | undefined, now: number): Match {
  const { from, to, text } = queryOf(filters, project_id, now);
  return {
    project_id,
    job_types: filters.jobs,
    states: filters.states,
    trigger: filters.trigger || undefined,
    from: from || undefined,
    to: to || undefined,
    text: text || undefined,
    trace_id: filters.trace || undefined,
    where: filters.where,
    tags: filters.tags,
  };
}

/** How many filters are set, so that one can tell a short list from a filtered one. */
export function countSet(filters: RunFilters): number {
  const { jobs, states, trigger, since, from, to, text, trace, where, tags } = filters;
  const set = [jobs.length, states.length, trigger, since, from || to, text, trace].filter(Boolean).length;
  return set + where.length + tags.length;
}

function sortOf(text: string): Sort {
  const key = text.replace(/^-/, "") as SortKey;
  return SORTS.includes(key) ? (text as Sort) : NO_FILTERS.sort;
}

/** The order after a click on a column: times and lengths begin with the largest. */
export function nextSort(key: SortKey, sort: Sort): Sort {
  const first: Sort = key === "job_type" || key === "state" ? key : `-${key}`;
  if (sort !== key && sort !== `-${key}`) return first;
  return sort === key ? `-${key}` : key;
}

function timeOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "" : new Date(at).toISOString();
}

/** A time as `datetime-local` takes it, in the zone of the browser; and back. */
export function toLocal(time: string): string {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const fromLocal = (text: string): string => (text ? timeOf(text) : "");
