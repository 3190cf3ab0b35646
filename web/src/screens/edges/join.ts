import type { TFunction } from "../../i18n/translations";

import { isObject } from "../../schema/json-schema";
import { madeBy } from "./edge";

/** What a join needs of the jobs that it waits for; the first of each is what holds if nothing is said. */
export const NEEDS = ["success", "end"] as const;
/** Which of their runs it brings together. */
export const BY = ["trace", "latest"] as const;
/** What becomes of it when its time is over. */
export const LATE = ["skip", "run"] as const;

/** What a job waits for that runs once several others have ended. */
export interface Join {
  all_of: string[];
  /** How long it waits for the others, once the first has ended. */
  within?: string | undefined;
  late: (typeof LATE)[number];
  needs: (typeof NEEDS)[number];
  by: (typeof BY)[number];
  when?: string | undefined;
  /** A text is an expression, any other value is itself. */
  args?: Record<string, unknown> | undefined;
  key?: string | undefined;
}

/** The keys of a join, in the order in which they are written. */
const KEYS = ["all_of", "within", "late", "needs", "by", "when", "args", "key"] as const;
const TEXTS = ["within", "when", "key"] as const;

/** A join that says no more than which jobs it waits for. */
export const plainJoin = (all_of: string[]): Join => ({ all_of, late: LATE[0], needs: NEEDS[0], by: BY[0] });

/** A join of a draft, which may hold anything: what names no jobs is none. */
export function joinOf(value: unknown): Join | undefined {
  if (!isObject(value) || !Array.isArray(value.all_of)) return undefined;
  const { late, needs, by, args } = value;
  const join: Join = {
    all_of: value.all_of.filter((each) => typeof each === "string"),
    late: LATE.find((each) => each === late) ?? LATE[0],
    needs: NEEDS.find((each) => each === needs) ?? NEEDS[0],
    by: BY.find((each) => each === by) ?? BY[0],
  };
  for (const key of TEXTS) {
    const text = value[key];
    if (typeof text === "string") join[key] = text;
  }
  if (isObject(args)) join.args = args;
  return join;
}

/** As jobs.toml has it, without what holds if nothing is said. Keys that this form does not know stay as they are. */
export function writtenJoin(join: Join, before: unknown): Record<string, unknown> {
  const known: readonly string[] = KEYS;
  const others = Object.entries(isObject(before) ? before : {}).filter(([key]) => !known.includes(key));
  const unsaid: readonly unknown[] = [undefined, "", NEEDS[0], BY[0], LATE[0]];
  const said = KEYS.filter((key) => !unsaid.includes(join[key]) && !(key === "late" && !join.within));
  return Object.fromEntries([...said.map((key) => [key, join[key]]), ...others]);
}

/** The downstream jobs of each job, by edges and by joins. */
export function connectionsOf(
  chains: Record<string, string[]>,
  joins: Record<string, Pick<Join, "all_of">>,
): Record<string, string[]> {
  const all = new Map(Object.entries(chains).map(([from, to]) => [from, new Set(to)]));
  for (const [job, { all_of }] of Object.entries(joins)) {
    for (const from of all_of) all.set(from, new Set([...(all.get(from) ?? []), job]));
  }
  return Object.fromEntries([...all].map(([from, to]) => [from, [...to]]));
}

/** What a join says besides the jobs, in few words; undefined for one that says no more. */
export function joinSummary(join: Join, t: TFunction): string | undefined {
  const { within, late, needs, by, when, args, key } = join;
  const parts = [
    needs !== NEEDS[0] && t(`joins.short.${needs}`),
    by !== BY[0] && t(`joins.short.${by}`),
    within && t(`joins.short.within_${late}`, { within }),
    when && t("edges.if", { when }),
    ...madeBy({ on: "success", args, key }, t),
  ];
  return parts.filter(Boolean).join(", ") || undefined;
}

/** What must hold of the jobs that it names, which stand beside it. */
export const joinHolds = (join: Join, t: TFunction): string =>
  [join.needs === NEEDS[0] && t(`joins.once_they.${NEEDS[0]}`), joinSummary(join, t)].filter(Boolean).join("; ");

/** When a job runs by its join, whole. */
export function joinSaid(join: Join, t: TFunction): string {
  const once = t("joins.once", { jobs: join.all_of.join(", ") });
  return [once, joinSummary(join, t)].filter(Boolean).join("; ");
}
