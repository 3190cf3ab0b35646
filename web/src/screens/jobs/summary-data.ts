import { keepPreviousData, type QueryClient, useQueries } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { JobSummaries, JobSummary, Schedule } from "../../api/types";
import { useStreamState } from "../../live/stream-state";
import { useAutoRefresh } from "../../live/use-auto-refresh";
import { type Polled, SLOWED, usePolledQuery } from "../../live/use-polled-query";

const SUMMARY_MS = 15_000;
/** Rows of a page; a page is some 40 kB. */
const PAGE_ROWS = 100;
/** Projects of an unfolded job at a time. */
export const PAGE_PROJECTS = 50;

export const STANDS = ["failing", "running", "waiting", "idle", "paused", "disabled"] as const;
export type Stand = (typeof STANDS)[number];
export const SORTS = ["name", "state", "plugin", "next_run", "last_end"] as const;
export type JobSort = (typeof SORTS)[number];

export interface SummaryQuery {
  q?: string;
  state?: string;
  sort?: JobSort;
  page?: number;
  per_page?: number;
}

/** What the address of the screen asks for. */
export function summaryQueryOf(search: URLSearchParams): Required<Pick<SummaryQuery, "q" | "state" | "sort">> {
  const states = (search.get("state") ?? "").split(",");
  return {
    q: search.get("q") ?? "",
    state: STANDS.filter((state) => states.includes(state)).join(","),
    sort: SORTS.find((known) => known === search.get("sort")) ?? "name",
  };
}

const fetchSummary = (project_id: string | undefined, query: SummaryQuery) =>
  get<JobSummaries>("/jobs/summary", { project_id, ...query });

const keyOf = (project_id: string | undefined, query: SummaryQuery) => ["jobs", "summary", project_id, query];

const queryOf = (project_id: string | undefined, query: SummaryQuery) => ({
  queryKey: keyOf(project_id, query),
  queryFn: () => fetchSummary(project_id, query),
});

const firstOf = (query: SummaryQuery) => ({ ...query, page: 1, per_page: PAGE_ROWS });

/** The first page of the rows. */
export function useFirstSummaries(project_id: string | undefined, query: SummaryQuery): Polled<JobSummaries> {
  const { queryKey, queryFn } = queryOf(project_id, firstOf(query));
  return usePolledQuery(queryKey, queryFn, SUMMARY_MS);
}

export const askSummaries = (client: QueryClient) =>
  client.prefetchQuery(queryOf(undefined, firstOf(summaryQueryOf(new URLSearchParams()))));

export interface SummaryRows {
  /** Of a row whose page has not come yet there is nothing. */
  at: (index: number) => JobSummary | undefined;
  /** The answer to the first of the pages that are looked at. */
  first: JobSummaries | undefined;
  status: Pick<Polled<unknown>, "updatedAt" | "refreshing" | "refresh">;
  error: Error | null;
}

/** The pages of the summary that hold the rows from `begin` to `end`, and these alone. */
export function useSummaryRows(
  project_id: string | undefined,
  query: SummaryQuery,
  { begin, end }: { begin: number; end: number },
): SummaryRows {
  const live = useStreamState().state === "live";
  const from = Math.floor(begin / PAGE_ROWS) + 1;
  const to = Math.floor(end / PAGE_ROWS) + 1;
  const pages = Array.from({ length: to - from + 1 }, (_, at) => ({ ...query, page: from + at, per_page: PAGE_ROWS }));
  const found = useQueries({
    queries: pages.map((page) => ({
      ...queryOf(project_id, page),
      staleTime: SUMMARY_MS,
      placeholderData: page.page === 1 ? keepPreviousData : undefined,
    })),
  });
  const updatedAt = Math.max(0, ...found.map(({ dataUpdatedAt }) => dataUpdatedAt));
  const refresh = useAutoRefresh(
    () => Promise.all(found.map((page) => page.refetch({ cancelRefetch: false }))),
    // That a pause is over no event tells.
    live && !found.some(({ data }) => data?.items.some(({ resumes_at }) => resumes_at))
      ? SUMMARY_MS * SLOWED
      : SUMMARY_MS,
    { staleAfterMs: SUMMARY_MS, updatedAt },
  );
  return {
    at: (index) => found[Math.floor(index / PAGE_ROWS) + 1 - from]?.data?.items[index % PAGE_ROWS],
    first: found.find(({ data }) => data)?.data,
    status: { updatedAt, refreshing: found.some(({ isFetching }) => isFetching), refresh },
    error: found.find(({ error }) => error)?.error ?? null,
  };
}

/** A page of the projects of one job. */
export const useProjectsOf = (
  job_type: string,
  project_id: string | undefined,
  page: number,
  enabled = true,
): Polled<Schedule> =>
  usePolledQuery(
    ["jobs", "scheduler", project_id, job_type, page],
    () => get<Schedule>("/jobs/scheduler", { project_id, job_type, page, per_page: PAGE_PROJECTS }),
    SUMMARY_MS,
    { enabled, events: (data) => !data?.items.some(({ pause }) => pause?.until) },
  );
