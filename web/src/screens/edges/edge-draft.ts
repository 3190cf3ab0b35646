import { type ArgFault, type ArgRow, argsOf, rowsOf, type Takes } from "./arg-rows";
import { millisecondsOf } from "./duration";
import type { Edge } from "./edge";

/** When the run of an edge begins. */
export const TIMINGS = ["once", "after", "debounce"] as const;
type Timing = (typeof TIMINGS)[number];

/** An edge as the form holds it. What another choice hides stays typed, and is not written. */
export interface EdgeDraft {
  on: Edge["on"];
  when: string;
  each: string;
  key: string;
  /** Whether it gives args; its runs are asked for those of the job if not. */
  gives: boolean;
  rows: ArgRow[];
  timing: Timing;
  after: string;
  debounce: string;
  at_most: string;
}

/** Where a fault of the draft is shown. */
export type Place = "when" | "each" | "key" | "after" | "debounce" | "at_most" | `args.${number}`;

/** The end of the name of its text. */
export type DraftFault = ArgFault | "duration" | "how_long" | "needs_key" | "with_each" | "too_short";

/** The draft of an edge, for a job that takes this. */
export function draftOf(edge: Edge, takes: Takes): EdgeDraft {
  const { on, when = "", each = "", key = "", args, after = "", debounce = "", at_most = "" } = edge;
  const timing = debounce || at_most ? "debounce" : after ? "after" : "once";
  return {
    on,
    when,
    each,
    key,
    gives: args !== undefined,
    rows: rowsOf(args, takes),
    timing,
    after,
    debounce,
    at_most,
  };
}

/** The edge that a draft says, and what is wrong with it. */
export function readDraft(draft: EdgeDraft, job: string, takes: Takes): { edge: Edge; faults: Map<Place, DraftFault> } {
  const { on, gives, rows, timing } = draft;
  const faults = new Map<Place, DraftFault>();
  const given = gives ? argsOf(rows, takes) : undefined;
  for (const [id, fault] of given?.faults ?? []) faults.set(`args.${id}`, fault);
  const text = (value: string) => value.trim() || undefined;
  const of = (wanted: Timing, value: string) => (timing === wanted ? text(value) : undefined);
  const edge: Edge = {
    job,
    on,
    when: text(draft.when),
    each: text(draft.each),
    args: given?.args,
    key: text(draft.key),
    after: of("after", draft.after),
    debounce: of("debounce", draft.debounce),
    at_most: of("debounce", draft.at_most),
  };
  for (const name of ["after", "debounce", "at_most"] as const) {
    const value = edge[name];
    if (value !== undefined && millisecondsOf(value) === undefined) faults.set(name, "duration");
  }
  if (timing === "after" && !edge.after) faults.set("after", "how_long");
  if (timing === "debounce") {
    if (!edge.debounce) faults.set("debounce", "how_long");
    if (edge.each) faults.set("each", "with_each");
    if (edge.args && !edge.key) faults.set("key", "needs_key");
    const [pause, most] = [edge.debounce, edge.at_most].map((each) => each && millisecondsOf(each));
    if (pause && most && most < pause) faults.set("at_most", "too_short");
  }
  return { edge, faults };
}
