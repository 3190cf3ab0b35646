import { expect, it } from "vitest";

import { takesOf } from "./arg-rows";
import type { Edge } from "./edge";
import { draftOf, type EdgeDraft, readDraft } from "./edge-draft";

const takes = takesOf({ properties: { invoice: { type: "string" } }, required: ["invoice"] });
const edge = (part: Partial<Edge>): Edge => ({ job: "down", on: "success", ...part });
const read = (of: Partial<Edge>, change: Partial<EdgeDraft> = {}) =>
  readDraft({ ...draftOf(edge(of), takes), ...change }, "down", takes);
const faults = (of: Partial<Edge>, change: Partial<EdgeDraft> = {}) => Object.fromEntries(read(of, change).faults);

it("brings an edge back as it was", () => {
  const args = { invoice: "item", extra: 2 };
  for (const each of [
    {},
    { on: "failure", when: "run.attempts > 1" } as const,
    { each: "output.ids", args, key: "string(item)", after: "30s" },
    { args, key: "run.project", debounce: "2m", at_most: "10m" },
  ]) {
    const { edge: again, faults } = read(each);
    expect([again, faults.size]).toEqual([edge(each), 0]);
  }
});

it("writes only what the choice of a start shows", () => {
  const typed = { after: "30s", debounce: "2m", at_most: "10m" };
  const start = (timing: EdgeDraft["timing"]) => {
    const { after, debounce, at_most } = read({}, { ...typed, timing }).edge;
    return [after, debounce, at_most];
  };
  expect(start("once")).toEqual([undefined, undefined, undefined]);
  expect(start("after")).toEqual(["30s", undefined, undefined]);
  expect(start("debounce")).toEqual([undefined, "2m", "10m"]);
});

it("knows what does not go together", () => {
  expect(faults({ debounce: "2m", each: "output.ids" })).toEqual({ each: "with_each" });
  expect(faults({ debounce: "2m", args: { invoice: "output.id" } })).toEqual({ key: "needs_key" });
  expect(faults({ debounce: "2m", args: { invoice: "output.id" }, key: "run.project" })).toEqual({});
  expect(faults({ debounce: "2m", at_most: "90s" })).toEqual({ at_most: "too_short" });
  expect(faults({ debounce: "2m", at_most: "2m" })).toEqual({});
  expect(faults({ at_most: "10m" })).toEqual({ debounce: "how_long" });
  expect(faults({}, { timing: "after" })).toEqual({ after: "how_long" });
  expect(faults({ after: "soon" })).toEqual({ after: "duration" });
});

it("asks for the args that are needed only if args are given", () => {
  expect(faults({})).toEqual({});
  expect(faults({}, { gives: true })).toEqual({ "args.0": "missing" });
});
