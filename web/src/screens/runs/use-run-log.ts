import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { get } from "../../api/client";
import type { RunLogs } from "../../api/types";
import { useAutoRefresh } from "../../live/use-auto-refresh";
import { type LogFilter, type LogWindow, narrowed, windowOf, withEarlier, withLater } from "./log-window";

/** Lines of a page: few enough to come at once. */
const PAGE_LINES = 1000;
const LIVE_MS = 1000;
const REST_MS = 15_000;

/** Where to look: at the beginning, at the end, or at a time. */
type LogJump = "begin" | "end" | Date;

export interface RunLogReader {
  log: LogWindow | undefined;
  error: Error | null;
  /** Fetches the lines before those that are here. */
  earlier: () => void;
  /** Fetches the lines behind those that are here. */
  later: () => void;
  jump: (to: LogJump) => void;
  refresh: () => Promise<void>;
}

type Place = { before: number } | { after: number } | { from: string } | Record<string, never>;

const placeOf = (to: LogJump): Place =>
  to === "end" ? {} : to === "begin" ? { after: 0 } : { from: to.toISOString() };

/**
 * Reads the log of a run page by page, as far as somebody looks; the server searches. While the run goes on, and
 * the end of the log is here, what is written comes by itself. A log that is over is read from its beginning.
 */
export function useRunLog(
  id: string,
  over: boolean | undefined,
  filter: LogFilter,
  attempt: number | undefined,
): RunLogReader {
  const { level, text } = filter;
  const [held, setHeld] = useState<{ log: LogWindow; filter: LogFilter }>();
  const [error, setError] = useState<Error | null>(null);
  // What an answer belongs to: one that comes after another question was asked is not shown.
  const question = useRef(0);
  const busy = useRef(false);
  const latest = useRef(held?.log);
  useEffect(() => {
    latest.current = held?.log;
  });

  const ask = useCallback(
    (place: Place) =>
      get<RunLogs>(`/jobs/runs/${id}/logs`, { ...place, level, q: text.trim(), attempt, limit: PAGE_LINES }),
    [id, level, text, attempt],
  );
  const take = useCallback(
    async (place: Place, how: (window: LogWindow | undefined, page: RunLogs) => LogWindow | undefined) => {
      const asked = question.current;
      busy.current = true;
      try {
        const page = await ask(place);
        if (asked !== question.current) return;
        setHeld((before) => {
          const log = how(before?.log, page);
          return log && { log, filter: { level, text } };
        });
        setError(null);
      } catch (fault) {
        if (asked === question.current) setError(fault as Error);
      } finally {
        if (asked === question.current) busy.current = false;
      }
    },
    [ask, level, text],
  );
  const jump = useCallback(
    (to: LogJump) => {
      question.current += 1;
      void take(placeOf(to), (_, page) => windowOf(page));
    },
    [take],
  );
  const earlier = useCallback(() => {
    const first = latest.current?.lines[0];
    if (!first || !latest.current?.moreBefore || busy.current) return;
    void take({ before: first.seq }, (window, page) => window && withEarlier(window, page));
  }, [take]);
  const onwards = useCallback(async () => {
    if (busy.current) return;
    const seq = latest.current?.lines.at(-1)?.seq;
    await take(seq === undefined ? {} : { after: seq }, (window, page) =>
      window ? withLater(window, page) : windowOf(page),
    );
  }, [take]);
  const later = useCallback(() => {
    if (latest.current?.moreAfter) void onwards();
  }, [onwards]);

  // Another filter is another log. The first answer waits for the run: that tells where to begin.
  const began = useRef<boolean>(undefined);
  if (over !== undefined) began.current ??= over;
  const known = over !== undefined;
  useEffect(() => {
    if (known) jump(began.current ? "begin" : "end");
  }, [known, jump]);

  // Until the answer to another filter comes, what is here is shown as far as it fits.
  const log = useMemo(() => {
    const same = held?.filter.level === level && held.filter.text === text;
    return held && (same ? held.log : narrowed(held.log, { level, text }));
  }, [held, level, text]);
  const atEnd = log !== undefined && !log.moreAfter;
  const refresh = useAutoRefresh(
    async () => {
      if (known && (latest.current === undefined || !latest.current.moreAfter)) await onwards();
    },
    over === false && atEnd ? LIVE_MS : REST_MS,
  );
  // The last lines may come after the end of the run is known.
  useEffect(() => {
    if (over) void refresh();
  }, [over, refresh]);
  return { log, error, earlier, later, jump, refresh };
}
