import { keepPreviousData, type QueryKey, useQuery } from "@tanstack/react-query";

import { useStreamState } from "./stream-state";
import { useAutoRefresh } from "./use-auto-refresh";

/** While events come, polling is only a net: it is this many times slower. */
export const SLOWED = 5;

export interface Polled<T> {
  data: T | undefined;
  /** Whether `data` are those of the key before, shown until its own are there. */
  former: boolean;
  error: Error | null;
  loading: boolean;
  /** When the data came, in ms since 1970; 0 for never. */
  updatedAt: number;
  refreshing: boolean;
  refresh: () => Promise<void>;
}

/**
 * A cached query that polls: the cache carries the data, `useAutoRefresh` the rhythm. The rhythm is
 * exact unless the event stream is live. For data that may change without an event, such as those of
 * a run under way, `events` says no, and then it always is. Nothing is asked while `enabled` says no.
 */
export function usePolledQuery<T>(
  key: QueryKey,
  fetchFn: () => Promise<T>,
  intervalMs: number,
  { events = () => true, enabled = true }: { events?: (data: T | undefined) => boolean; enabled?: boolean } = {},
): Polled<T> {
  const live = useStreamState().state === "live";
  // On another screen, or of another project, data grow old without an event that tells.
  const query = useQuery({
    queryKey: key,
    queryFn: fetchFn,
    placeholderData: keepPreviousData,
    staleTime: intervalMs,
    enabled,
  });
  // Not cancelling a fetch under way: a poll joins it.
  const rhythm = live && events(query.data) ? intervalMs * SLOWED : intervalMs;
  const refresh = useAutoRefresh(() => query.refetch({ cancelRefetch: false }), rhythm, {
    enabled,
    staleAfterMs: intervalMs,
    updatedAt: Math.max(query.dataUpdatedAt, query.errorUpdatedAt),
  });
  return {
    data: query.data,
    former: query.isPlaceholderData,
    error: query.error,
    loading: query.isPending,
    updatedAt: query.dataUpdatedAt,
    refreshing: query.isFetching,
    refresh,
  };
}
