import type { RunState, Trigger } from "../../api/types";
import type { Sort, Span } from "./filters";

/** Which runs the table shows, as its address tells. The project stands in the address by itself. */
export interface RunFilters {
  jobs: string[];
  states: RunState[];
  trigger: Trigger["kind"] | "";
  /** Up to now; gives way to `from` and `to`. */
  since: Span | "";
  /** RFC 3339, or empty. */
  from: string;
  to: string;
  text: string;
  trace: string;
  /** Conditions on args and output, such as `args.level>=2`. */
  where: string[];
  /** Words of the run or of its job; each has to be there. */
  tags: string[];
  sort: Sort;
  page: number;
}

export const NO_FILTERS: RunFilters = {
  jobs: [],
  states: [],
  trigger: "",
  since: "",
  from: "",
  to: "",
  text: "",
  trace: "",
  where: [],
  tags: [],
  sort: "-queued_at",
  page: 1,
};

/** The names of the filters in an address; `where` and `tag` stand there once for each. */
export const NAMES = ["job", "state", "trigger", "since", "from", "to", "q", "trace", "sort", "page"] as const;

/** The address that says the same, short: what is as always is left out, what is not ours is kept. */
export function writeFilters(filters: RunFilters, search: URLSearchParams): URLSearchParams {
  const written = new URLSearchParams(search);
  const values: Record<(typeof NAMES)[number], string> = {
    job: filters.jobs.join(","),
    state: filters.states.join(","),
    trigger: filters.trigger,
    since: filters.from || filters.to ? "" : filters.since,
    from: filters.from,
    to: filters.to,
    q: filters.text,
    trace: filters.trace,
    sort: filters.sort === NO_FILTERS.sort ? "" : filters.sort,
    page: filters.page > 1 ? String(filters.page) : "",
  };
  for (const name of NAMES) {
    if (values[name]) written.set(name, values[name]);
    else written.delete(name);
  }
  written.delete("where");
  for (const condition of filters.where) written.append("where", condition);
  written.delete("tag");
  for (const tag of filters.tags) written.append("tag", tag);
  return written;
}
