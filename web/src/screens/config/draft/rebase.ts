import { applyPatch, structuredPatch } from "diff";
import type { Edit, Version } from "../../../api/types";
import { parsedToml, valueAt } from "../toml";
import { type Draft, draftOf, type Step, stepsSinceBase } from "./draft";

type MakeEdits = (text: string, edits: Edit[]) => Promise<string>;

/** Either the draft on its new base, or why it cannot be carried there. */
export type Rebased = { draft: Draft } | { stuck: Step; reason: string | undefined };

/**
 * Makes the changes of a draft once more, on what is on disk now: changes of meaning by the host, what
 * was typed as a patch that must fit without guessing.
 */
export async function rebase(draft: Draft, base: Version, makeEdits: MakeEdits): Promise<Rebased> {
  let before = draft.base.text;
  let text = base.text;
  const steps: Step[] = [];
  for (const step of stepsSinceBase(draft)) {
    let next: string | false;
    try {
      next = step.edits ? await makeEdits(text, step.edits) : patched(text, before, step.text);
    } catch (error) {
      return { stuck: step, reason: (error as Error).message };
    }
    if (next === false) return { stuck: step, reason: undefined };
    if (next !== text) steps.push({ ...step, text: next });
    before = step.text;
    text = next;
  }
  return { draft: { ...draftOf(base), steps, at: steps.length } };
}

function patched(text: string, before: string, after: string): string | false {
  return applyPatch(text, structuredPatch("", "", before, after), { fuzzFactor: 0 });
}

/** Values that both sides changed, each to something else: a rebase would put mine over theirs. */
export function overlaps(
  draft: Draft,
  theirs: string,
  mine: string,
): { path: string; theirs: unknown; mine: unknown }[] {
  const [base, disk, own] = [draft.base.text, theirs, mine].map((text) => parsedToml(text).value);
  if (!base || !disk || !own) return [];
  const edits = stepsSinceBase(draft).flatMap(({ edits }) => edits ?? []);
  const paths = new Map(
    edits.flatMap((edit) => ("value" in edit && edit.op !== "set" ? [] : [[edit.path.join("\0"), edit.path]])),
  );
  return [...paths.values()].flatMap((path) => {
    const [was, is, will] = [base, disk, own].map((root) => valueAt(root, path));
    if (same(was, is) || same(is, will)) return [];
    return [{ path: path.join("."), theirs: is, mine: will }];
  });
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
