import { get } from "../../../api/client";
import type { Histogram, HistogramPoint, RunState } from "../../../api/types";
import { type Polled, usePolledQuery } from "../../../live/use-polled-query";
import { queryOf, RUN_STATES } from "../filters";
import type { RunFilters } from "../written-filters";

const POLL_MS = 15_000;

/** The runs of the table by state and time; the order and the page of the table change nothing. */
export function useRunHistogram(projectId: string | undefined, filters: RunFilters): Polled<Histogram> {
  const { sort: _sort, page: _page, ...fits } = filters;
  return usePolledQuery(
    ["jobs", "runs", "histogram", projectId, fits],
    () => {
      const { sort: _sort, page: _page, ...query } = queryOf(filters, projectId, Date.now());
      return get<Histogram>("/jobs/runs/histogram", query);
    },
    POLL_MS,
    { events: () => false },
  );
}

/** From the bottom of a bar to its top: what needs a look stands lowest, where bars begin at one height. */
export const STACK: RunState[] = ["failed", "retryable", "running", "available", "scheduled", "cancelled", "completed"];

export const COLOURS: Record<RunState, string> = {
  scheduled: "var(--chart-5)",
  available: "var(--info)",
  running: "var(--brand)",
  retryable: "var(--fair)",
  completed: "var(--good)",
  failed: "var(--bad)",
  cancelled: "var(--soft)",
};

export const sumOf = (point: HistogramPoint): number => RUN_STATES.reduce((sum, state) => sum + point[state], 0);

/** How many runs of each state these steps have; states without a run are not there. */
export function totals(points: HistogramPoint[]): { state: RunState; runs: number }[] {
  const of = (state: RunState) => points.reduce((sum, point) => sum + point[state], 0);
  return RUN_STATES.map((state) => ({ state, runs: of(state) })).filter(({ runs }) => runs > 0);
}

/** With so many steps a bar is no wall. */
const LEAST_STEPS = 20;

/** With steps before those in which a run was queued, where these are few and nobody has said where to begin. */
export function padded(histogram: Histogram, from: string): Histogram {
  const [first] = histogram.points;
  const missing = LEAST_STEPS - histogram.points.length;
  if (from || !first || missing <= 0) return histogram;
  const none = { scheduled: 0, available: 0, running: 0, retryable: 0, completed: 0, failed: 0, cancelled: 0 };
  const at = (back: number) => new Date(Date.parse(first.at) - back * histogram.step_seconds * 1000).toISOString();
  const before = Array.from({ length: missing }, (_, nth) => ({ at: at(missing - nth), ...none }));
  return { ...histogram, points: [...before, ...histogram.points] };
}

/** Steps from `first` up to, without, `end`. */
export interface Range {
  first: number;
  end: number;
}

/** The range between two steps, whichever of them was pressed first. */
export const rangeOf = (one: number, other: number): Range => ({
  first: Math.min(one, other),
  end: Math.max(one, other) + 1,
});

/** The times of a range, as the filter takes them. */
export function timesOf({ points, step_seconds }: Histogram, { first, end }: Range): { from: string; to: string } {
  const at = (step: number) => Date.parse(points[step]?.at ?? "");
  return {
    from: new Date(at(first)).toISOString(),
    to: new Date(at(end - 1) + step_seconds * 1000).toISOString(),
  };
}

/** A range after an arrow key on one of its two ends, neither of which passes the other. */
export function moved(range: Range, handle: keyof Range, key: string, steps: number): Range | undefined {
  const [least, most] = handle === "first" ? [0, range.end - 1] : [range.first + 1, steps];
  const to = { ArrowLeft: range[handle] - 1, ArrowRight: range[handle] + 1, Home: least, End: most }[key];
  if (to === undefined) return undefined;
  return { ...range, [handle]: Math.max(least, Math.min(most, to)) };
}
