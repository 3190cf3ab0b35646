import { expect, it } from "vitest";

import { hits, split } from "./evidence";

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

const found = (text: string, search: string) =>
  hits(text, search)
    .filter(({ hit }) => hit)
    .map(({ text }) => text);

it("marks the words of a search with any ending, in any script", () => {
  expect(found("We miss the deadline of the export.", "deadlines missed")).toEqual(["miss", "deadline"]);
  expect(found("Сроки сорваны, срок прошёл", "срока")).toEqual(["Сроки", "срок"]);
  expect(found("The API is stuck in the cluster of Q3", "is the API of Q3")).toEqual(["API", "Q3"]);
});

it("gives back the whole text, whatever was found", () => {
  const text = "🚀 Blocked — on the «bank» (again)!";
  expect(
    hits(text, "blocked bank")
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
  expect(hits(text, "")).toEqual([{ text, hit: false }]);
});
