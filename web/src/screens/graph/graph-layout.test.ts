import { describe, expect, it } from "vitest";

import { NODE_HEIGHT, NODE_WIDTH, neighbour, placeJobs } from "./graph-layout";

const connections = [
  { from: "sync", to: "extract" },
  { from: "sync", to: "embed" },
  { from: "extract", to: "score" },
];
const jobs = ["sync", "extract", "embed", "score", "alone", "other"];

describe("placeJobs", () => {
  it("puts each job to the right of what triggers it", () => {
    const places = placeJobs(jobs, connections);
    for (const { from, to } of connections) expect(places.get(to)!.x).toBeGreaterThan(places.get(from)!.x + NODE_WIDTH);
    expect([..."sync extract embed score".split(" ")].map((job) => places.get(job)!.layer)).toEqual([0, 1, 1, 2]);
  });

  it("leaves room for what is written on a connection, there alone", () => {
    const labelled = connections.map((each) => ({ ...each, labelled: each.to === "score" }));
    const gaps = (of: typeof connections) => {
      const x = (job: string) => placeJobs(jobs, of).get(job)!.x;
      return [x("extract") - x("sync"), x("score") - x("extract")].map((step) => step - NODE_WIDTH);
    };
    const [plain, labels] = [gaps(connections), gaps(labelled)];
    expect(plain[0]).toBe(plain[1]);
    expect(labels[0]).toBe(plain[0]);
    expect(labels[1]! - plain[1]!).toBeGreaterThan(100);
  });

  it("is the same in whatever order jobs and connections come", () => {
    const turned = placeJobs([...jobs].reverse(), [...connections].reverse());
    for (const job of jobs) expect(turned.get(job)).toEqual(placeJobs(jobs, connections).get(job));
  });

  it("lets no two jobs overlap", () => {
    const places = [...placeJobs(jobs, connections).values()];
    for (const [i, a] of places.entries()) {
      for (const b of places.slice(i + 1)) {
        expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
      }
    }
  });

  it("places jobs that are in no cascade, even if there is none", () => {
    expect(placeJobs(["a", "b"], []).size).toBe(2);
    const places = placeJobs(jobs, connections);
    expect(places.get("alone")!.y).toBeGreaterThan(places.get("score")!.y);
  });

  it("gives many jobs the shape of a window, with or without a cascade above them", () => {
    const many = Array.from({ length: 200 }, (_, nth) => `job_${nth}`);
    for (const of of [[], connections]) {
      const places = [...placeJobs([...jobs, ...many], of).values()];
      const width = Math.max(...places.map(({ x }) => x)) + NODE_WIDTH;
      const height = Math.max(...places.map(({ y }) => y)) + NODE_HEIGHT;
      expect(width / height).toBeGreaterThan(1.4);
      expect(width / height).toBeLessThan(2);
    }
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
  const places = placeJobs(jobs, connections);

  it("follows the connections sideways", () => {
    expect(["extract", "embed"]).toContain(neighbour("sync", "right", places, connections));
    expect(neighbour("score", "left", places, connections)).toBe("extract");
  });

  it("goes to the nearest above and below, and nowhere at the end", () => {
    const [above, below] = ["extract", "embed"].sort((a, b) => places.get(a)!.y - places.get(b)!.y) as [string, string];
    expect(neighbour(above, "down", places, connections)).toBe(below);
    expect(neighbour(below, "up", places, connections)).toBe(above);
    expect(neighbour("sync", "left", places, connections)).toBeUndefined();
  });
});
