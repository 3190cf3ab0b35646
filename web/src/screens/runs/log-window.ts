import type { LogLine, RunLogs } from "../../api/types";
import { LEVELS } from "./log-filter";

export interface LogFilter {
  /** This level and what is worse. */
  level: LogLine["level"] | "";
  text: string;
}

/** The lines of a log that are here, one behind the other without a gap. */
export interface LogWindow {
  lines: LogLine[];
  /** Lines that fit the filter, here or not. */
  total: number;
  /** Lines of the run. */
  all: number;
  moreBefore: boolean;
  moreAfter: boolean;
}

/** Begins with a page. */
export const windowOf = ({ items, total, lines, more_before, more_after }: RunLogs): LogWindow => ({
  lines: items,
  total,
  all: lines,
  moreBefore: more_before,
  moreAfter: more_after,
});

/** Lines before those that are here. */
export const withEarlier = (window: LogWindow, page: RunLogs): LogWindow => ({
  ...window,
  lines: [...page.items, ...window.lines],
  total: page.total,
  all: page.lines,
  moreBefore: page.more_before,
});

/** Lines behind those that are here. One that was fetched twice at a time stays once. */
export function withLater(window: LogWindow, page: RunLogs): LogWindow {
  const last = window.lines.at(-1)?.seq ?? -1;
  const more = page.items.filter(({ seq }) => seq > last);
  return {
    ...window,
    lines: more.length > 0 ? [...window.lines, ...more] : window.lines,
    total: page.total,
    all: page.lines,
    moreAfter: page.more_after,
  };
}

/** Those of the lines that fit another filter. */
export function narrowed(window: LogWindow, { level, text }: LogFilter): LogWindow {
  const least = level ? LEVELS.indexOf(level) : 0;
  const wanted = text.trim().toLowerCase();
  const lines = window.lines.filter(({ level, message, fields }) => {
    if (LEVELS.indexOf(level) < least) return false;
    return wanted === "" || `${message}\n${fields ? JSON.stringify(fields) : ""}`.toLowerCase().includes(wanted);
  });
  return { ...window, lines, total: lines.length };
}
