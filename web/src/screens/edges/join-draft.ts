import { type ArgFault, type ArgRow, argsOf, rowsOf, type Takes } from "./arg-rows";
import { millisecondsOf } from "./duration";
import type { Join } from "./join";

/** A join as the form holds it. */
export interface JoinDraft extends Pick<Join, "all_of" | "late" | "needs" | "by"> {
  within: string;
  when: string;
  key: string;
  /** Whether it gives args; its run is asked for those of the job if not. */
  gives: boolean;
  rows: ArgRow[];
}

/** Where a fault of the draft is shown. */
export type JoinPlace = "all_of" | "within" | `args.${number}`;

/** The end of the name of its text. */
export type JoinFault = ArgFault | "duration" | "no_jobs";

/** The draft of a join, for a job that takes this. */
export function joinDraftOf(join: Join, takes: Takes): JoinDraft {
  const { all_of, late, needs, by, within = "", when = "", key = "", args } = join;
  return { all_of, late, needs, by, within, when, key, gives: args !== undefined, rows: rowsOf(args, takes) };
}

/** The join that a draft says, and what is wrong with it. */
export function readJoin(draft: JoinDraft, takes: Takes): { join: Join; faults: Map<JoinPlace, JoinFault> } {
  const faults = new Map<JoinPlace, JoinFault>();
  const given = draft.gives ? argsOf(draft.rows, takes) : undefined;
  for (const [id, fault] of given?.faults ?? []) faults.set(`args.${id}`, fault);
  const text = (value: string) => value.trim() || undefined;
  const { all_of, late, needs, by } = draft;
  const within = text(draft.within);
  if (all_of.length === 0) faults.set("all_of", "no_jobs");
  if (within !== undefined && millisecondsOf(within) === undefined) faults.set("within", "duration");
  const join = { all_of, late, needs, by, within, when: text(draft.when), args: given?.args, key: text(draft.key) };
  return { join, faults };
}
