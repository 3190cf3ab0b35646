import { expect, it } from "vitest";

import { split } from "./evidence";

const signal = (kind: string, span_start: number, span_end: number) => ({ kind, span_start, span_end, evidence: "" });

it("counts code points, so that emoji and Cyrillic do not shift the marks", () => {
  expect(split("🚀 срок сорван, увы", [signal("late", 2, 13)])).toEqual([
    { text: "🚀 " },
    { text: "срок сорван", kind: "late" },
    { text: ", увы" },
  ]);
});

it("keeps the first of two that overlap and drops one beyond the end", () => {
  const parts = split("abcdef", [signal("b", 2, 5), signal("a", 1, 3), signal("c", 5, 99)]);
  expect(parts).toEqual([{ text: "a" }, { text: "bc", kind: "a" }, { text: "def" }]);
});

it("a text without signals is one part", () => {
  expect(split("plain", [])).toEqual([{ text: "plain" }]);
});
