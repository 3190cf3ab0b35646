import { describe, expect, it } from "vitest";

import { inReadingOrder, NODE_HEIGHT, NODE_WIDTH, neighbour, placeJobs } from "./graph-layout";

const wires = [
  { from: "sync", to: "extract" },
  { from: "sync", to: "embed" },
  { from: "extract", to: "score" },
];
const jobs = ["sync", "extract", "embed", "score", "alone", "other"];

describe("placeJobs", () => {
  it("puts each job to the right of what triggers it", () => {
    const places = placeJobs(jobs, wires);
    for (const { from, to } of wires) expect(places.get(to)!.x).toBeGreaterThan(places.get(from)!.x + NODE_WIDTH);
    expect([..."sync extract embed score".split(" ")].map((job) => places.get(job)!.layer)).toEqual([0, 1, 1, 2]);
  });

  it("is the same in whatever order jobs and wires come", () => {
    const turned = placeJobs([...jobs].reverse(), [...wires].reverse());
    for (const job of jobs) expect(turned.get(job)).toEqual(placeJobs(jobs, wires).get(job));
  });

  it("lets no two jobs overlap", () => {
    const places = [...placeJobs(jobs, wires).values()];
    for (const [i, a] of places.entries()) {
      for (const b of places.slice(i + 1)) {
        expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
      }
    }
  });

  it("places jobs that are in no cascade, even if there is none", () => {
    expect(placeJobs(["a", "b"], []).size).toBe(2);
    const places = placeJobs(jobs, wires);
    expect(places.get("alone")!.y).toBeGreaterThan(places.get("score")!.y);
  });

  it("survives a cycle, which an edit may make for a moment", () => {
    expect(
      placeJobs(
        ["a", "b"],
        [
          { from: "a", to: "b" },
          { from: "b", to: "a" },
        ],
      ).size,
    ).toBe(2);
  });
});

describe("neighbour", () => {
  const places = placeJobs(jobs, wires);

  it("follows the wires sideways", () => {
    expect(["extract", "embed"]).toContain(neighbour("sync", "right", places, wires));
    expect(neighbour("score", "left", places, wires)).toBe("extract");
  });

  it("goes to the nearest above and below, and nowhere at the end", () => {
    const [above, below] = ["extract", "embed"].sort((a, b) => places.get(a)!.y - places.get(b)!.y) as [string, string];
    expect(neighbour(above, "down", places, wires)).toBe(below);
    expect(neighbour(below, "up", places, wires)).toBe(above);
    expect(neighbour("sync", "left", places, wires)).toBeUndefined();
  });
});

describe("inReadingOrder", () => {
  it("has each job once, after what triggers it and before what else there is", () => {
    const order = inReadingOrder(jobs, [...wires, { from: "embed", to: "score" }]);
    expect(order).toHaveLength(jobs.length);
    expect(order[0]).toEqual({ job: "sync", depth: 0 });
    expect(
      order
        .slice(4)
        .map(({ job }) => job)
        .sort(),
    ).toEqual(["alone", "other"]);
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
