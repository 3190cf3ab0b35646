import type { LogLine } from "../../api/types";
import { isObject } from "../../schema/json-schema";

export const LEVELS: LogLine["level"][] = ["debug", "info", "warn", "error"];

/** How many lines a line of the log stands for that were dropped: more were written than a run may have. */
export function droppedAt({ fields }: LogLine): number {
  const dropped = isObject(fields) ? fields.dropped : undefined;
  return typeof dropped === "number" ? dropped : 0;
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
