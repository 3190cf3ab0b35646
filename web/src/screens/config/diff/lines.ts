import { diffLines, diffWordsWithSpace } from "diff";

interface Part {
  text: string;
  changed: boolean;
}

export interface Line {
  /** Its number from 1. */
  at: number;
  parts: Part[];
}

/** A line on both sides, on one of them, or a run of equal lines that is not shown. */
export type Row =
  | { kind: "same"; left: Line; right: Line }
  | { kind: "changed"; left: Line | undefined; right: Line | undefined }
  | { kind: "gap"; lines: number };

export interface Summary {
  /** Places of the text that differ. */
  places: number;
  added: number;
  removed: number;
}

const CONTEXT = 3;

export function summary(before: string, after: string): Summary {
  const found = { places: 0, added: 0, removed: 0 };
  let within = false;
  for (const { added, removed, count } of diffLines(before, after)) {
    if (added) found.added += count;
    if (removed) found.removed += count;
    const differs = added || removed;
    if (differs && !within) found.places++;
    within = differs;
  }
  return found;
}

/** The lines of two texts side by side, with what is equal and far from a change left out. */
export function rows(before: string, after: string, context = CONTEXT): Row[] {
  const all: Row[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  let [left, right] = [0, 0];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      const [old, fresh] = [removed[at], added[at]];
      const [oldParts, freshParts] = partsOf(old, fresh);
      all.push({
        kind: "changed",
        left: old === undefined ? undefined : { at: ++left, parts: oldParts },
        right: fresh === undefined ? undefined : { at: ++right, parts: freshParts },
      });
    }
    [removed, added] = [[], []];
  };
  for (const change of diffLines(before, after)) {
    const lines = change.value.replace(/\n$/, "").split("\n");
    if (change.removed) removed.push(...lines);
    else if (change.added) added.push(...lines);
    else {
      flush();
      for (const text of lines) {
        const parts = [{ text, changed: false }];
        all.push({ kind: "same", left: { at: ++left, parts }, right: { at: ++right, parts } });
      }
    }
  }
  flush();
  return folded(all, context);
}

/** Below this share of equal text, two lines are two lines and not one that was changed. */
const ALIKE = 0.3;

function partsOf(old: string | undefined, fresh: string | undefined): [Part[], Part[]] {
  const whole = (text = ""): Part[] => [{ text, changed: false }];
  if (old === undefined || fresh === undefined) return [whole(old), whole(fresh)];
  const words = diffWordsWithSpace(old, fresh);
  const equal = words
    .filter((word) => !word.added && !word.removed)
    .reduce((sum, { value }) => sum + value.trim().length, 0);
  if (equal < ALIKE * Math.max(old.trim().length, fresh.trim().length)) return [whole(old), whole(fresh)];
  const side = (other: "added" | "removed") =>
    words.filter((word) => !word[other]).map((word) => ({ text: word.value, changed: word.added || word.removed }));
  return [side("added"), side("removed")];
}

function folded(all: Row[], context: number): Row[] {
  const near = new Set<number>();
  all.forEach(({ kind }, at) => {
    if (kind === "changed") for (let by = -context; by <= context; by++) near.add(at + by);
  });
  const shown: Row[] = [];
  all.forEach((row, at) => {
    const last = shown.at(-1);
    if (near.has(at)) shown.push(row);
    else if (last?.kind === "gap") last.lines++;
    else shown.push({ kind: "gap", lines: 1 });
  });
  // A gap of one line takes as much room as the line.
  let line = 0;
  return shown.map((row) => {
    const from = line;
    line += row.kind === "gap" ? row.lines : 1;
    return row.kind === "gap" && row.lines === 1 ? (all[from] ?? row) : row;
  });
}
