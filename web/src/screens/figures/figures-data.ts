import { get } from "../../api/client";
import type { Stats } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

/** What is counted is stored every two seconds, and what waits once a minute. */
const POLL_MS = 30_000;

export const RANGES = ["1h", "6h", "24h", "7d", "30d"] as const;
type Range = (typeof RANGES)[number];
export const GROUPS = ["job", "project"] as const;
export type Group = (typeof GROUPS)[number];

/** What the screen shows, as its address tells. The project stands in the address by itself. */
export interface FigureFilter {
  range: Range;
  job: string;
  by: Group;
}

/** Whatever the address says that is not known is left out. */
export function readFilter(search: URLSearchParams): FigureFilter {
  return {
    range: RANGES.find((known) => known === search.get("range")) ?? "24h",
    job: search.get("job") ?? "",
    by: GROUPS.find((known) => known === search.get("by")) ?? "job",
  };
}

/** The address of another choice; what is usual is left out of it. */
export function writeFilter(search: URLSearchParams, chosen: Partial<FigureFilter>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries({ ...readFilter(search), ...chosen })) {
    const usual = { range: "24h", job: "", by: "job" }[name];
    if (value === usual) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export const useFigures = (project_id: string | undefined, { range, job, by }: FigureFilter): Polled<Stats> =>
  usePolledQuery(
    ["stats", project_id, range, job, by],
    () => get<Stats>("/stats", { project_id, range, job_type: job || undefined, by }),
    POLL_MS,
    { events: () => false },
  );
