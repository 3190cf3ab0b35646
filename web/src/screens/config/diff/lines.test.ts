import { describe, expect, it } from "vitest";

import { rows, summary } from "./lines";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `l${from + at}\n`).join("");

describe("summary", () => {
  it("counts places, and lines on both sides", () => {
    expect(summary("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n")).toEqual({ places: 2, added: 2, removed: 1 });
    expect(summary("a\n", "a\n")).toEqual({ places: 0, added: 0, removed: 0 });
  });
});

describe("rows", () => {
  it("puts a changed line beside what it became, and marks the words", () => {
    const [row] = rows('every = "15m"\n', 'every = "5m"\n');
    expect(row).toMatchObject({ kind: "changed", left: { at: 1 }, right: { at: 1 } });
    const marked =
      row?.kind === "changed" ? row.right?.parts.filter(({ changed }) => changed).map(({ text }) => text) : [];
    expect(marked).toEqual(["5m"]);
  });

  it("does not mark words of lines that have nothing in common", () => {
    const [row] = rows("alpha\n", "zzz = 1\n");
    expect(row?.kind === "changed" && row.left?.parts.some(({ changed }) => changed)).toBe(false);
  });

  it("folds what is far from every change, and counts on behind it", () => {
    const all = rows(lines(1, 20), lines(1, 20).replace("l18\n", "new\n"));
    expect(all[0]).toEqual({ kind: "gap", lines: 14 });
    expect(all[1]).toMatchObject({ kind: "same", left: { at: 15 }, right: { at: 15 } });
    expect(all).toHaveLength(1 + 3 + 1 + 2);
  });

  it("shows a single line in place of a fold of one", () => {
    const all = rows(lines(1, 5), lines(1, 5).replace("l5\n", "new\n"));
    expect(all.map(({ kind }) => kind)).toEqual(["same", "same", "same", "same", "changed"]);
  });

  it("numbers each side by itself", () => {
    const all = rows("a\nb\n", "new\na\nb\n");
    expect(all[0]).toMatchObject({ left: undefined, right: { at: 1 } });
    expect(all[1]).toMatchObject({ left: { at: 1 }, right: { at: 2 } });
  });
});
