import type { LogLine, Run } from "../../api/types";
import { isObject } from "../../schema/json-schema";

/** A field that two runs do not have alike; `undefined` where one of them has none. */
export interface Difference {
  path: string;
  good: string | undefined;
  here: string | undefined;
}

const MOST = 20;

/** What args differ in, field by field. */
export function differences(good: unknown, here: unknown, path = ""): Difference[] {
  if (JSON.stringify(good) === JSON.stringify(here)) return [];
  if (!isObject(good) || !isObject(here)) {
    const told = (value: unknown) => (value === undefined || value === null ? undefined : JSON.stringify(value));
    const difference = { path, good: told(good), here: told(here) };
    return difference.good === difference.here ? [] : [difference];
  }
  const names = [...new Set([...Object.keys(good), ...Object.keys(here)])].sort();
  return names.flatMap((name) => differences(good[name], here[name], path ? `${path}.${name}` : name)).slice(0, MOST);
}

/** How many times as long a run took, if both have begun and ended. */
export function timesAsLong(good: Run, here: Run): number | undefined {
  const [before, now] = [tookMs(good), tookMs(here)];
  return before && now ? now / before : undefined;
}

function tookMs({ started_at, finished_at }: Run): number | undefined {
  return started_at && finished_at ? Math.max(1, Date.parse(finished_at) - Date.parse(started_at)) : undefined;
}

/** What one log says and the other does not. Numbers, ids and times differ from run to run and do not count. */
export function onlyIn(log: LogLine[], other: LogLine[]): LogLine[] {
  const known = new Map<string, number>();
  for (const line of other) known.set(shape(line), (known.get(shape(line)) ?? 0) + 1);
  const seen = new Set<string>();
  return log.filter((line) => {
    const key = shape(line);
    const fresh = !known.has(key) && !seen.has(key);
    seen.add(key);
    return fresh;
  });
}

const shape = ({ level, message }: LogLine): string =>
  `${level} ${message.replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "#").replace(/\d+/g, "#")}`;
