import type { Edit, Version } from "../../../api/types";

/** What the text became. `edits` says how, if it was a change of meaning; without, it was typed. */
export interface Step {
  text: string;
  edits?: Edit[];
}

/** Changes to jobs.toml that are not saved: the text they start from, and each text since. */
export interface Draft {
  base: Version;
  /** How many steps lay behind when `base` was the text; -1 when no step leads there any more. */
  baseAt: number;
  /** The text before the first step. */
  first: string;
  steps: Step[];
  /** How many steps are done; those after it can be redone. */
  at: number;
}

/** Each step holds a whole text. */
const MOST_STEPS = 100;

export function draftOf(base: Version): Draft {
  return { base, baseAt: 0, first: base.text, steps: [], at: 0 };
}

export function textOf({ first, steps, at }: Draft): string {
  return steps[at - 1]?.text ?? first;
}

export function isChanged(draft: Draft): boolean {
  return textOf(draft) !== draft.base.text;
}

/** A step further. Typing that goes on without a pause is one step: it is `joined` to the last. */
export function stepped(draft: Draft, step: Step, joined = false): Draft {
  if (step.text === textOf(draft)) return draft;
  const last = draft.steps[draft.at - 1];
  const join = joined && last !== undefined && !last.edits && !step.edits && draft.at !== draft.baseAt;
  const kept = draft.steps.slice(0, join ? draft.at - 1 : draft.at);
  const baseAt = draft.baseAt > kept.length ? -1 : draft.baseAt;
  return shortened({ ...draft, steps: [...kept, step], at: kept.length + 1, baseAt });
}

function shortened(draft: Draft): Draft {
  const [oldest] = draft.steps;
  if (!oldest || draft.steps.length <= MOST_STEPS) return draft;
  const baseAt = Math.max(-1, draft.baseAt - 1);
  return { ...draft, first: oldest.text, steps: draft.steps.slice(1), at: draft.at - 1, baseAt };
}

export const canUndo = (draft: Draft) => draft.at > 0;
export const canRedo = (draft: Draft) => draft.at < draft.steps.length;

export function undone(draft: Draft): Draft {
  return canUndo(draft) ? { ...draft, at: draft.at - 1 } : draft;
}

export function redone(draft: Draft): Draft {
  return canRedo(draft) ? { ...draft, at: draft.at + 1 } : draft;
}

/** The draft after its text was saved: undo still leads back, as a change of what is now on disk. */
export function savedAs(draft: Draft, base: Version): Draft {
  return { ...draft, base, baseAt: textOf(draft) === base.text ? draft.at : -1 };
}

/** The steps that made the draft of its base; one that was typed if they are no longer known. */
export function stepsSinceBase(draft: Draft): Step[] {
  const { baseAt, at, steps } = draft;
  return baseAt >= 0 && baseAt <= at ? steps.slice(baseAt, at) : [{ text: textOf(draft) }];
}

/** A draft of one step, as when two texts were merged manually. */
export function onBase(base: Version, text: string): Draft {
  return { ...draftOf(base), ...(text !== base.text && { steps: [{ text }], at: 1 }) };
}
