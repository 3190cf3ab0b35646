import { type QueryKey, keepPreviousData, useQuery } from "@tanstack/react-query";

import { useAutoRefresh } from "./use-auto-refresh";

export interface Polled<T> {
  data: T | undefined;
  error: Error | null;
  loading: boolean;
  /** When the data came, in ms since 1970; 0 for never. */
  updatedAt: number;
  refreshing: boolean;
  refresh: () => Promise<void>;
}

/** A cached query that polls: the cache carries the data, `useAutoRefresh` the rhythm. */
export function usePolledQuery<T>(key: QueryKey, fetchFn: () => Promise<T>, intervalMs: number): Polled<T> {
  const query = useQuery({ queryKey: key, queryFn: fetchFn, placeholderData: keepPreviousData });
  // Not cancelling a fetch under way: a poll joins it.
  const refresh = useAutoRefresh(() => query.refetch({ cancelRefetch: false }), intervalMs);
  return {
    data: query.data,
    error: query.error,
    loading: query.isPending,
    updatedAt: query.dataUpdatedAt,
    refreshing: query.isFetching,
    refresh,
  };
}
