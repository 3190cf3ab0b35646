import type { Edit } from "../../../api/types";
import { isObject } from "../../../schema/json-schema";
import type { Table } from "../toml";

/** A field of `[jobs.NAME]`: its place in the table and how what is typed becomes a value. */
export interface Field {
  path: [string] | [string, string];
  kind: "text" | "number";
}

export const TIMING: Field[] = [
  { path: ["timeout"], kind: "text" },
  { path: ["max_attempts"], kind: "number" },
  { path: ["concurrency"], kind: "number" },
];
export const BACKOFF: Field[] = [
  { path: ["backoff", "initial"], kind: "text" },
  { path: ["backoff", "max"], kind: "text" },
  { path: ["backoff", "factor"], kind: "number" },
];

export type ScheduleKind = "every" | "cron" | "none";

const FIRST_EVERY = "1h";
const FIRST_CRON = "0 6 * * *";

export function scheduleKind(table: Table): ScheduleKind {
  return "every" in table ? "every" : "cron" in table ? "cron" : "none";
}

/** What a field shows; `backoff = "10s"` sets only the first pause. */
export function shown(table: Table, [name, inner]: string[]): string {
  const value = table[name ?? ""];
  if (inner === undefined) return written(value);
  if (isObject(value)) return written(value[inner]);
  return inner === "initial" ? written(value) : "";
}

const written = (value: unknown) => (value === undefined || isObject(value) ? "" : String(value));

/** What typing `text` into a field changes. Whether it makes sense is the host's to say. */
export function fieldEdits(job: string, table: Table, { path, kind }: Field, text: string): Edit[] {
  const typed = text.trim();
  if (typed === shown(table, path)) return [];
  const at = (...names: string[]) => ["jobs", job, ...names];
  const [name, inner] = path;
  const whole = table[name];
  const value = kind === "number" && typed !== "" && Number.isFinite(Number(typed)) ? Number(typed) : typed;
  if (inner === undefined)
    return [typed === "" ? { op: "remove", path: at(name) } : { op: "set", path: at(name), value }];
  if (isObject(whole)) {
    if (typed !== "") return [{ op: "set", path: at(name, inner), value }];
    const others = Object.keys(whole).some((other) => other !== inner);
    return [{ op: "remove", path: others ? at(name, inner) : at(name) }];
  }
  // A single value stands for the first pause: beside others it becomes a table.
  if (inner === "initial")
    return [
      typed === ""
        ? { op: "remove", path: at(name) }
        : { op: "set", path: at(name), value: whole === undefined ? { initial: value } : value },
    ];
  return [{ op: "set", path: at(name), value: { ...(whole !== undefined && { initial: whole }), [inner]: value } }];
}

/** Another way to schedule takes the keys of the former with it: the host refuses both at once. */
export function scheduleEdits(job: string, table: Table, kind: ScheduleKind): Edit[] {
  if (kind === scheduleKind(table)) return [];
  const gone = ["every", "cron", "timezone"].filter((name) => name in table && name !== kind);
  const removals = gone.map((name): Edit => ({ op: "remove", path: ["jobs", job, name] }));
  if (kind === "none") return removals;
  const value = kind === "every" ? FIRST_EVERY : FIRST_CRON;
  return [...removals, { op: "set", path: ["jobs", job, kind], value }];
}

/** A job is enabled unless the file says otherwise. */
export function enabledEdits(job: string, table: Table, enabled: boolean): Edit[] {
  if (enabled === (table.enabled !== false)) return [];
  const path = ["jobs", job, "enabled"];
  return [enabled ? { op: "remove", path } : { op: "set", path, value: false }];
}
