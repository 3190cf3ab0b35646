import { get } from "../../api/client";
import type { Stats } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

/** What is counted is stored every two seconds, and what waits once a minute. */
const POLL_MS = 30_000;

export const RANGES = ["1h", "6h", "24h", "7d", "30d"] as const;
type Range = (typeof RANGES)[number];
export const GROUPS = ["job", "project", "worker"] as const;
export type Group = (typeof GROUPS)[number];

/** What the screen shows, as its address tells. The project stands in the address by itself. */
export interface FigureFilter {
  range: Range;
  job: string;
  /** Its name. */
  worker: string;
  by: Group;
}

/** Figures by worker are kept for two days. */
export const withinTwoDays = (range: Range): boolean => range !== "7d" && range !== "30d";

/** Whatever the address says that is not known is left out. */
export function readFilter(search: URLSearchParams): FigureFilter {
  const range = RANGES.find((known) => known === search.get("range")) ?? "24h";
  const by = GROUPS.find((known) => known === search.get("by")) ?? "job";
  const recent = withinTwoDays(range);
  return {
    range,
    job: search.get("job") ?? "",
    worker: recent ? (search.get("worker") ?? "") : "",
    by: by === "worker" && !recent ? "job" : by,
  };
}

/** The address of another choice; what is usual is left out of it. */
export function writeFilter(search: URLSearchParams, chosen: Partial<FigureFilter>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries({ ...readFilter(search), ...chosen })) {
    const usual = { range: "24h", job: "", worker: "", by: "job" }[name];
    if (value === usual) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export const useFigures = (project_id: string | undefined, { range, job, worker, by }: FigureFilter): Polled<Stats> =>
  usePolledQuery(
    ["stats", project_id, range, job, worker, by],
    () => get<Stats>("/stats", { project_id, range, job_type: job || undefined, worker: worker || undefined, by }),
    POLL_MS,
    { events: () => false },
  );

/** What people know a worker by: its machine and process, where they may be told. */
export function workerName(workers: Stats["workers"], name: string): string {
  const known = workers.find((worker) => worker.name === name);
  return known?.host ? `${known.host} · ${known.pid}` : name.slice(0, 15);
}
