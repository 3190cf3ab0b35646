import type { LogLine } from "../../api/types";

export const LEVELS: LogLine["level"][] = ["debug", "info", "warn", "error"];

export interface LogFilter {
  /** This level and what is worse. */
  level: LogLine["level"] | "";
  text: string;
}

/** Lines that fit, each with its place in the whole log. */
export function filterLog(lines: LogLine[], { level, text }: LogFilter): { line: LogLine; at: number }[] {
  const least = level ? LEVELS.indexOf(level) : 0;
  const wanted = text.trim().toLowerCase();
  return lines
    .map((line, at) => ({ line, at }))
    .filter(({ line }) => {
      if (LEVELS.indexOf(line.level) < least) return false;
      if (!wanted) return true;
      const fields = line.fields ? JSON.stringify(line.fields) : "";
      return `${line.message}\n${fields}`.toLowerCase().includes(wanted);
    });
}

/** A text cut at each place where the wanted one stands: odd pieces are it. */
export function cutAt(text: string, wanted: string): string[] {
  const sought = wanted.trim().toLowerCase();
  if (!sought) return [text];
  const pieces: string[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(sought); at >= 0; at = lower.indexOf(sought, from)) {
    pieces.push(text.slice(from, at), text.slice(at, at + sought.length));
    from = at + sought.length;
  }
  return [...pieces, text.slice(from)];
}

/** The log as text, a line for each. */
export function logText(lines: LogLine[]): string {
  return lines
    .map(({ at, level, message, fields }) => `${at} ${level} ${message}${fields ? ` ${JSON.stringify(fields)}` : ""}`)
    .join("\n");
}
