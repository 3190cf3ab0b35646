import { useCallback, useEffect, useRef } from "react";

/**
 * Level 1 of freshness, which always works: calls `fetchFn` every `intervalMs`.
 *
 * Skips while the tab is hidden; on return fetches at once if the data are older than the interval;
 * never lets two fetches run at a time. Returns a function that refreshes now, under the same guard.
 */
export function useAutoRefresh(
  fetchFn: () => Promise<unknown>,
  intervalMs: number,
  { enabled = true }: { enabled?: boolean } = {},
): () => Promise<void> {
  const fetching = useRef(false);
  const fetchedAt = useRef(Date.now());
  const latest = useRef(fetchFn);
  useEffect(() => {
    latest.current = fetchFn;
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
      if (!document.hidden) void refresh();
    }, intervalMs);
    const onReturn = () => {
      if (!document.hidden && Date.now() - fetchedAt.current >= intervalMs) void refresh();
    };
    document.addEventListener("visibilitychange", onReturn);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onReturn);
    };
  }, [enabled, intervalMs, refresh]);

  return refresh;
}
