import { describe, expect, it } from "vitest";

import { cycleOf, focused, found, related } from "./graph-focus";
import type { CascadeGraph, GraphJob } from "./graph-model";

const job = (name: string, over: Partial<GraphJob> = {}) =>
  ({
    job: name,
    description: `What ${name} does.`,
    now: [{ state: "idle", count: 1 }],
    last: null,
    ...over,
  }) as GraphJob;
const edge = (from: string, to: string) => ({ id: `${from}>${to}`, from, to, flow: "rest" as const, edges: [] });
const failed = { last: { run: { state: "failed" }, count: 1 } } as Partial<GraphJob>;

const GRAPH: CascadeGraph = {
  jobs: [
    job("sync"),
    job("extract", failed),
    job("score", failed),
    job("report"),
    job("alone", { now: [{ state: "retryable", count: 1 }] }),
  ],
  edges: [edge("sync", "extract"), edge("extract", "score"), edge("score", "report")],
};
const NONE = { find: "", failedOnly: false, around: undefined };
const names = ({ jobs, edges }: CascadeGraph) => [jobs.map(({ job }) => job), edges.map(({ id }) => id)];

describe("focused", () => {
  it("keeps all without a focus", () => expect(focused(GRAPH, NONE)).toBe(GRAPH));

  it("keeps jobs that failed or will retry, and the connections between them", () => {
    expect(names(focused(GRAPH, { ...NONE, failedOnly: true }))).toEqual([
      ["extract", "score", "alone"],
      ["extract>score"],
    ]);
  });

  it("keeps a job with all upstream and downstream of it, and no other branch", () => {
    const edges = [...GRAPH.edges, edge("sync", "alone")];
    expect(names(focused({ ...GRAPH, edges }, { ...NONE, around: "score" }))[0]).toEqual([
      "sync",
      "extract",
      "score",
      "report",
    ]);
    expect([...related("alone", edges)].sort()).toEqual(["alone", "sync"]);
  });
});

it("finds jobs by name or description", () => {
  expect(found(GRAPH.jobs, " ")).toBeUndefined();
  expect([...(found(GRAPH.jobs, "EXTR") ?? [])]).toEqual(["extract"]);
  expect(found(GRAPH.jobs, "what report")?.has("report")).toBe(true);
  expect(found(GRAPH.jobs, "nothing")?.size).toBe(0);
});

it("tells the cycle that a connection would close", () => {
  const chains = { a: ["b", "x"], b: ["c"], x: [], c: [] };
  expect(cycleOf("c", "a", chains)).toEqual(["c", "a", "b", "c"]);
  expect(cycleOf("a", "a", chains)).toEqual(["a", "a"]);
  expect(cycleOf("a", "c", chains)).toBeUndefined();
  expect(cycleOf("x", "c", { c: ["c"] })).toBeUndefined();
});
