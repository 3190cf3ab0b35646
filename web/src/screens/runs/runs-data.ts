import { type QueryClient, useQueryClient } from "@tanstack/react-query";

import { get, post } from "../../api/client";
import type { BulkAnswer, Cascade, Run, RunDetails, RunPage } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import { queryOf } from "./filters";
import { NO_FILTERS, type RunFilters } from "./written-filters";

export const PER_PAGE = 200;
/** So many of a page are more than a window shows, and over a slow line they are there long before the whole page. */
const FIRST_ROWS = 50;
/** No event tells that a run began or how far it is: what runs is looked at often, the rest seldom. */
const LIVE_MS = 1000;
const BUSY_MS = 3000;
const REST_MS = 15_000;

export const isOver = (run: Run): boolean => ["completed", "failed", "cancelled"].includes(run.state);

const TABLES = ["jobs", "runs", "table"];
const tableKey = (projectId: string | undefined, filters: RunFilters) => [...TABLES, projectId, filters];

async function fetchTable(client: QueryClient, projectId: string | undefined, filters: RunFilters): Promise<RunPage> {
  const query = queryOf(filters, projectId, Date.now());
  // Where no table is known yet, there is nothing to look at meanwhile.
  if (client.getQueriesData({ queryKey: TABLES }).every(([, data]) => data === undefined)) {
    const page = ((filters.page - 1) * PER_PAGE) / FIRST_ROWS + 1;
    const first = await get<RunPage>("/jobs/runs", { ...query, page, per_page: FIRST_ROWS });
    if (first.items.length < FIRST_ROWS) return first;
    client.setQueryData(tableKey(projectId, filters), first);
  }
  return get<RunPage>("/jobs/runs", { ...query, per_page: PER_PAGE });
}

/** Until the first rows are there: those below them go on coming. */
export function askTable(client: QueryClient): Promise<void> {
  const queryKey = tableKey(undefined, NO_FILTERS);
  return new Promise((resolve) => {
    const stop = client.getQueryCache().subscribe(() => {
      if (client.getQueryData(queryKey) === undefined) return;
      stop();
      resolve();
    });
    void client.prefetchQuery({ queryKey, queryFn: () => fetchTable(client, undefined, NO_FILTERS) });
  });
}

export function useRunTable(projectId: string | undefined, filters: RunFilters): Polled<RunPage> {
  const key = tableKey(projectId, filters);
  const client = useQueryClient();
  const known = client.getQueryData<RunPage>(key);
  return usePolledQuery(
    key,
    () => fetchTable(client, projectId, filters),
    // To find runs by what is in them is work for the host.
    filters.where.length === 0 && known?.items.some((run) => !isOver(run)) ? BUSY_MS : REST_MS,
    { events: () => false },
  );
}

/** Whether the rows shown are all of the page, and not the first of them or those of another page or filter. */
export function isWhole({ data, former }: Pick<Polled<RunPage>, "data" | "former">, before: number): boolean {
  return !former && !!data && (data.per_page === PER_PAGE || before + data.items.length >= data.total);
}

export function useRun(id: string): Polled<RunDetails> {
  const key = ["jobs", "run", id];
  const known = useQueryClient().getQueryData<RunDetails>(key);
  const over = (run: Run | undefined) => run !== undefined && isOver(run);
  return usePolledQuery(key, () => get<RunDetails>(`/jobs/runs/${id}`), over(known) ? REST_MS : LIVE_MS, {
    events: over,
  });
}

export function useCascade(id: string): Polled<Cascade> {
  const key = ["jobs", "cascade", id];
  const known = useQueryClient().getQueryData<Cascade>(key);
  const over = (cascade: Cascade | undefined) => cascade !== undefined && unfinishedOf(cascade) === 0;
  // One of many runs is not looked at as often: it changes all the time.
  const live = (known?.groups?.length ?? 0) > 0 ? BUSY_MS : LIVE_MS;
  const ask = () => get<Cascade>(`/jobs/runs/${id}/cascade`, { grouped: "true" });
  return usePolledQuery(key, ask, over(known) ? REST_MS : live, { events: over });
}

/** How many runs of a trace are not over. */
export function unfinishedOf({ items, states }: Cascade): number {
  if (!states) return items.filter(({ run }) => !isOver(run)).length;
  return states.scheduled + states.available + states.running + states.retryable;
}

export type BulkAction = "cancel" | "retry";
const AT_MOST = 200;

/** Cancels or retries runs, as many at a time as the host takes. */
export async function actOnRuns(action: BulkAction, ids: string[]): Promise<BulkAnswer> {
  const all: BulkAnswer = { done: [], refused: [] };
  for (let at = 0; at < ids.length; at += AT_MOST) {
    const answer = await post<BulkAnswer>(`/jobs/runs/${action}`, { ids: ids.slice(at, at + AT_MOST) });
    all.done.push(...answer.done);
    all.refused.push(...answer.refused);
  }
  return all;
}
