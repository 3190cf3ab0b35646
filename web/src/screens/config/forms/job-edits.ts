import type { Edit } from "../../../api/types";
import { isObject, type JsonSchema, properties } from "../../../schema/json-schema";
import type { Table } from "../toml";

/** A key of `[jobs.NAME]`, or of a table in it, that has a field in the form. */
export interface Field {
  path: [string] | [string, string];
  schema: JsonSchema;
  /** The key whose value may stand alone, in place of the table around it. */
  alone?: unknown;
}

/** The keys that have a field: those to which the host gives a title. Within a table they make a group. */
export function fieldsOf(schema: JsonSchema): Field[] {
  return properties(schema)
    .filter(([, { title }]) => title !== undefined)
    .map(([name, each]) => ({ path: [name], schema: each }));
}

export function fieldsIn({ path: [name], schema }: Field): Field[] {
  return fieldsOf(schema).map(({ path: [inner], ...field }) => ({
    ...field,
    path: [name, inner],
    alone: schema["x-alone"],
  }));
}

export const isGroup = ({ schema }: Field) => isObject(schema.properties);
export const isFlag = ({ schema }: Field) => schema.type === "boolean";
const isList = ({ schema }: Field) => schema.type === "array";
const isNumber = ({ schema }: Field) => schema.type === "integer" || schema.type === "number";

/** Keys that say together when a job runs. */
export const SCHEDULE = ["every", "cron", "timezone"];

export type ScheduleKind = "every" | "cron" | "none";

const FIRST_EVERY = "1h";
const FIRST_CRON = "0 6 * * *";

export function scheduleKind(table: Table): ScheduleKind {
  return "every" in table ? "every" : "cron" in table ? "cron" : "none";
}

/** What a field shows. */
export function shown(table: Table, { path: [name, inner], alone }: Field): string {
  const value = table[name];
  if (inner === undefined) return written(value);
  if (isObject(value)) return written(value[inner]);
  return inner === alone ? written(value) : "";
}

const written = (value: unknown) => {
  if (Array.isArray(value)) return value.join(", ");
  return value === undefined || isObject(value) ? "" : String(value);
};

/** What is typed into the field of a list: names between commas. */
const namesIn = (typed: string) =>
  typed
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** What typing `text` into a field changes. Whether it makes sense is the host's to say. */
export function fieldEdits(job: string, table: Table, field: Field, text: string): Edit[] {
  const typed = text.trim();
  if (typed === shown(table, field)) return [];
  const at = (...names: string[]) => ["jobs", job, ...names];
  const {
    path: [name, inner],
    alone,
  } = field;
  const whole = table[name];
  const number = isNumber(field) && typed !== "" && Number.isFinite(Number(typed));
  const value = isList(field) ? namesIn(typed) : number ? Number(typed) : typed;
  const nothing = Array.isArray(value) ? value.length === 0 : value === "";
  if (inner === undefined) return [nothing ? { op: "remove", path: at(name) } : { op: "set", path: at(name), value }];
  if (isObject(whole)) {
    if (typed !== "") return [{ op: "set", path: at(name, inner), value }];
    const others = Object.keys(whole).some((other) => other !== inner);
    return [{ op: "remove", path: others ? at(name, inner) : at(name) }];
  }
  // A value that stands alone becomes a table beside others.
  if (inner === alone)
    return [
      typed === ""
        ? { op: "remove", path: at(name) }
        : { op: "set", path: at(name), value: whole === undefined ? { [inner]: value } : value },
    ];
  const before = whole !== undefined && typeof alone === "string" ? { [alone]: whole } : {};
  return [{ op: "set", path: at(name), value: { ...before, [inner]: value } }];
}

/** Another way to schedule takes the keys of the former with it: the host refuses both at once. */
export function scheduleEdits(job: string, table: Table, kind: ScheduleKind): Edit[] {
  if (kind === scheduleKind(table)) return [];
  const gone = SCHEDULE.filter((name) => name in table && name !== kind);
  const removals = gone.map((name): Edit => ({ op: "remove", path: ["jobs", job, name] }));
  if (kind === "none") return removals;
  const value = kind === "every" ? FIRST_EVERY : FIRST_CRON;
  return [...removals, { op: "set", path: ["jobs", job, kind], value }];
}

/** What holds if the file says nothing is not written. */
export function flagEdits(job: string, table: Table, { path: [name], schema }: Field, on: boolean): Edit[] {
  const preset = schema.default === true;
  if (on === (table[name] ?? preset)) return [];
  const path = ["jobs", job, name];
  return [on === preset ? { op: "remove", path } : { op: "set", path, value: on }];
}
