import { expect, it } from "vitest";

import { grouped, parts } from "./load";

const hour = (at: number, before: number, after: number) => ({
  at: `2026-11-28T0${at}:00:00Z`,
  before: { runs: before, busy_seconds: before * 10 },
  after: { runs: after, busy_seconds: after * 10 },
});

it("tells what both files run from what one of them runs more", () => {
  expect(parts([hour(1, 3, 5), hour(2, 4, 1)])).toEqual({ both: [3, 1], more: [2, 0], less: [0, 3] });
});

it("puts hours together where there are too many for the chart", () => {
  const hours = [hour(1, 1, 2), hour(2, 1, 0), hour(3, 5, 5)];
  expect(grouped(hours, 3)).toEqual(hours);
  const [first, second] = grouped(hours, 2);
  expect(first).toEqual({
    at: "2026-11-28T01:00:00Z",
    before: { runs: 2, busy_seconds: 20 },
    after: { runs: 2, busy_seconds: 20 },
  });
  expect(second?.before.runs).toBe(5);
});
