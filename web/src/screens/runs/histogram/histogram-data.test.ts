import { describe, expect, it } from "vitest";

import type { Histogram, HistogramPoint } from "../../../api/types";
import { moved, padded, rangeOf, timesOf, totals } from "./histogram-data";

const point = (minute: number, part: Partial<HistogramPoint>): HistogramPoint => ({
  at: `2026-01-01T00:0${minute}:00Z`,
  scheduled: 0,
  available: 0,
  running: 0,
  retryable: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  ...part,
});
const histogram: Histogram = {
  step_seconds: 60,
  counted: 6,
  more: false,
  points: [point(0, { failed: 1 }), point(1, {}), point(2, { failed: 2, completed: 3 })],
};

describe("the histogram of runs", () => {
  it("adds up the states that there are", () => {
    expect(totals(histogram.points)).toEqual([
      { state: "completed", runs: 3 },
      { state: "failed", runs: 3 },
    ]);
  });

  it("gives the times of whole steps, in whichever direction one drags", () => {
    expect(rangeOf(2, 1)).toEqual({ first: 1, end: 3 });
    expect(timesOf(histogram, rangeOf(2, 1))).toEqual({
      from: "2026-01-01T00:01:00.000Z",
      to: "2026-01-01T00:03:00.000Z",
    });
  });

  it("has room before the first run, unless it is said where to begin", () => {
    const { points } = padded(histogram, "");
    expect(points.length).toBe(20);
    expect(points[16]?.at).toBe("2025-12-31T23:59:00.000Z");
    expect(points.at(-1)).toEqual(histogram.points.at(-1));
    expect(padded(histogram, "2026-01-01T00:00:00Z")).toBe(histogram);
  });

  it("moves an end by a key, never past the other", () => {
    const all = { first: 0, end: 3 };
    expect(moved(all, "first", "ArrowRight", 3)).toEqual({ first: 1, end: 3 });
    expect(moved(all, "first", "ArrowLeft", 3)).toEqual(all);
    expect(moved(all, "first", "End", 3)).toEqual({ first: 2, end: 3 });
    expect(moved({ first: 2, end: 3 }, "end", "ArrowLeft", 3)).toEqual({ first: 2, end: 3 });
    expect(moved(all, "end", "Home", 3)).toEqual({ first: 0, end: 1 });
    expect(moved(all, "end", "a", 3)).toBeUndefined();
  });
});
