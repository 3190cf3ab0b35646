import { describe, expect, it } from "vitest";

import { inReadingOrder } from "./reading-order";

const connections = [
  { from: "sync", to: "extract" },
  { from: "sync", to: "embed" },
  { from: "extract", to: "score" },
];
const jobs = ["sync", "extract", "embed", "score", "alone", "other"];

describe("inReadingOrder", () => {
  it("has each job once, after what triggers it and before what else there is", () => {
    const order = inReadingOrder(jobs, [...connections, { from: "embed", to: "score" }]);
    expect(order).toHaveLength(jobs.length);
    expect(order[0]).toEqual({ job: "sync", depth: 0 });
    expect(
      order
        .slice(4)
        .map(({ job }) => job)
        .sort(),
    ).toEqual(["alone", "other"]);
  });

  it("has jobs beside each other by their names", () => {
    expect(
      inReadingOrder(
        ["b", "a", "of_b", "also_of_b"],
        [
          { from: "b", to: "of_b" },
          { from: "b", to: "also_of_b" },
          { from: "a", to: "of_b" },
        ],
      ),
    ).toEqual([
      { job: "a", depth: 0 },
      { job: "of_b", depth: 1 },
      { job: "b", depth: 0 },
      { job: "also_of_b", depth: 1 },
    ]);
  });

  it("shows the jobs of a cycle", () => {
    expect(
      inReadingOrder(
        ["a", "b"],
        [
          { from: "a", to: "b" },
          { from: "b", to: "a" },
        ],
      ),
    ).toHaveLength(2);
  });
});
