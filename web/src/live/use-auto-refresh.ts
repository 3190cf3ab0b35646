import { useCallback, useEffect, useRef } from "react";

/**
 * Level 1 of freshness, which always works: calls `fetchFn` every `intervalMs`.
 *
 * Skips while the tab is hidden; on return fetches at once if the data are older than `staleAfterMs`,
 * which is the interval if not given; never lets two fetches run at a time. Data that came by another
 * way count from `updatedAt`. Returns a function that refreshes now, under the same guard.
 */
export function useAutoRefresh(
  fetchFn: () => Promise<unknown>,
  intervalMs: number,
  {
    enabled = true,
    staleAfterMs = intervalMs,
    updatedAt = 0,
  }: { enabled?: boolean; staleAfterMs?: number; updatedAt?: number } = {},
): () => Promise<void> {
  const fetching = useRef(false);
  const fetchedAt = useRef(Date.now());
  const latest = useRef(fetchFn);
  const came = useRef(updatedAt);
  useEffect(() => {
    latest.current = fetchFn;
    came.current = updatedAt;
  });

  const refresh = useCallback(async () => {
    if (fetching.current) return;
    fetching.current = true;
    try {
      await latest.current();
    } catch {
      // Whoever owns the data shows the error; the next interval tries again.
    } finally {
      fetching.current = false;
      fetchedAt.current = Date.now();
    }
  }, []);

  useEffect(() => {
    if (!enabled) return;
    const timer = setInterval(() => {
      // Another screen part that polls the same has just been told.
      const fresh = Date.now() - came.current < intervalMs / 2;
      if (!document.hidden && !fresh) void refresh();
    }, intervalMs);
    const onReturn = () => {
      const age = Date.now() - Math.max(fetchedAt.current, came.current);
      if (!document.hidden && age >= staleAfterMs) void refresh();
    };
    document.addEventListener("visibilitychange", onReturn);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onReturn);
    };
  }, [enabled, intervalMs, staleAfterMs, refresh]);

  return refresh;
}
