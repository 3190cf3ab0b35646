import { describe, expect, it } from "vitest";

import type { JobSummary, Run, ScheduledJob } from "../../api/types";
import { FIRED_MS, graphOf, TREND_RUNS } from "./graph-model";

const NOW = "2026-01-01T00:00:00Z";
const ago = (ms: number) => new Date(Date.parse(NOW) - ms).toISOString();

const run = (part: Partial<Run>) => ({ id: "r", payload: {}, triggered_by: { kind: "timer" }, ...part }) as Run;

const row = (job_type: string, project_id: string, part: Partial<ScheduledJob> = {}): ScheduledJob =>
  ({
    job_type,
    project_id,
    status: "active",
    enabled: true,
    next_run_at: null,
    current_run: null,
    last_run: null,
    ...part,
  }) as ScheduledJob;

const config = { CASCADE_CHAINS: { up: ["down", "side"] }, JOB_TO_DATA_MAP: { down: ["cards"] } };
const graph = (scheduled: ScheduledJob[]) => graphOf({ config, scheduled, summaries: null, trends: [], now: NOW });
const job = (scheduled: ScheduledJob[], name: string) => graph(scheduled).jobs.find(({ job }) => job === name)!;
const flow = (scheduled: ScheduledJob[]) => graph(scheduled).edges.find(({ to }) => to === "down")!.flow;

describe("the jobs of the graph", () => {
  it("are known by their sums where projects are many", () => {
    const summary = {
      job_type: "up",
      plugin: "p",
      description: "",
      state: "failing",
      schedules: 40,
      running: 2,
      waiting: 0,
      failing: 3,
      paused: 1,
      disabled: 0,
      resumes_at: null,
      next_run_at: null,
      last: { run_id: "r", project_id: "a", state: "completed", finished_at: NOW },
      trend: ["failed", "completed"],
    } satisfies JobSummary;
    const { jobs, edges } = graphOf({ config, scheduled: [], summaries: [summary], trends: [], now: NOW });
    const up = jobs.find(({ job }) => job === "up")!;
    expect(up.now.map(({ state, count }) => `${state} ${count}`)).toEqual(["running 2", "paused 1", "idle 37"]);
    expect(up).toMatchObject({ projects: 40, rows: null, last: { run: { state: "failed" }, count: 3 } });
    expect(jobs.map(({ projects }) => projects)).toEqual([0, 0, 40]);
    expect(edges.every(({ flow }) => flow === "rest")).toBe(true);
  });

  it("are those of the chains and those of the schedule, in a fixed order", () => {
    const { jobs, edges } = graph([row("up", "a"), row("alone", "a")]);
    expect(jobs.map(({ job }) => job)).toEqual(["alone", "down", "side", "up"]);
    expect(edges.map(({ id }) => id)).toEqual(["up>down", "up>side"]);
    expect(jobs[1]).toMatchObject({ dataKeys: ["cards"], rows: [], now: [] });
  });

  it("say the worst state of several projects first, and of how many it holds", () => {
    const rows = [
      row("up", "a"),
      row("up", "b", { current_run: run({ state: "running" }) }),
      row("up", "c", { current_run: run({ state: "retryable" }) }),
      row("up", "d", { status: "paused" }),
      row("up", "e", { enabled: false, status: "paused" }),
    ];
    expect(job(rows, "up").now.map(({ state, count }) => `${state} ${count}`)).toEqual([
      "retryable 1",
      "running 1",
      "paused 1",
      "disabled 1",
      "idle 1",
    ]);
  });

  it("say the worst last result, the newest of its kind", () => {
    const rows = [
      row("up", "a", { last_run: run({ id: "ok", state: "completed", finished_at: ago(1) }) }),
      row("up", "b", { last_run: run({ id: "old", state: "failed", finished_at: ago(900) }) }),
      row("up", "c", { last_run: run({ id: "new", state: "failed", finished_at: ago(500) }) }),
    ];
    expect(job(rows, "up").last).toMatchObject({ run: { id: "new" }, count: 2 });
  });

  it("run next when the first that may run does", () => {
    const rows = [
      row("up", "a", { next_run_at: "2026-01-01T03:00:00Z" }),
      row("up", "b", { next_run_at: "2026-01-01T02:00:00Z" }),
      row("up", "c", { next_run_at: "2026-01-01T01:00:00Z", status: "paused" }),
    ];
    expect(job(rows, "up").nextRunAt).toBe("2026-01-01T02:00:00Z");
  });

  it("tell the progress of the least advanced run", () => {
    const at = (fraction: number) => run({ state: "running", progress: { fraction, message: "" } });
    const rows = [row("up", "a", { current_run: at(0.9) }), row("up", "b", { current_run: at(0.2) })];
    expect(job(rows, "up").running?.progress?.fraction).toBe(0.2);
  });

  it("have the latest runs of all projects in one trend", () => {
    const ended = (id: string, ms: number) => ({ id, state: "completed" as const, finished_at: ago(ms), took_ms: 1 });
    const trends = [
      {
        job_type: "up",
        project_id: "a",
        runs: Array.from({ length: TREND_RUNS }, (_, i) => ended(`a${i}`, 10_000 - i)),
      },
      { job_type: "up", project_id: "b", runs: [ended("b", 1)] },
    ];
    const { trend } = graphOf({ config, scheduled: [], summaries: null, trends, now: NOW }).jobs.find(
      ({ job }) => job === "up",
    )!;
    expect(trend).toHaveLength(TREND_RUNS);
    expect(trend.at(-1)?.id).toBe("b");
  });
});

describe("the flow of an edge", () => {
  const because = (job_type: string, part: Partial<Run>) =>
    run({ triggered_by: { kind: "cascade", job_type }, ...part });

  it("is live while downstream runs because of upstream", () => {
    expect(flow([row("down", "a", { current_run: because("up", { state: "running" }) })])).toBe("live");
    expect(flow([row("down", "a", { current_run: because("other", { state: "running" }) })])).toBe("rest");
    expect(flow([row("down", "a", { current_run: run({ state: "running" }) })])).toBe("rest");
  });

  it("knows every trigger of a run, not only the latest", () => {
    const payload = { triggers: [{ job_type: "up" }, { job_type: "other" }] };
    expect(flow([row("down", "a", { current_run: because("other", { state: "running", payload }) })])).toBe("live");
  });

  it("waits, and stays lit for a moment afterwards", () => {
    expect(flow([row("down", "a", { current_run: because("up", { state: "available" }) })])).toBe("waits");
    const ended = (ms: number) =>
      row("down", "a", { last_run: because("up", { state: "completed", finished_at: ago(ms) }) });
    expect(flow([ended(FIRED_MS - 1)])).toBe("fired");
    expect(flow([ended(FIRED_MS)])).toBe("rest");
  });
});

it("has an edge from each job that a join waits for, beside those of the chains", () => {
  const join = { all_of: ["up", "other"], late: "skip", needs: "success", by: "trace" } as const;
  const joined = { ...config, CASCADE_JOINS: { down: { ...join, all_of: [...join.all_of] } } };
  const because = run({ state: "running", triggered_by: { kind: "cascade", job_type: "other" } });
  const scheduled = [row("down", "a", { current_run: because })];
  const { jobs, edges } = graphOf({ config: joined, scheduled, summaries: null, trends: [], now: NOW });
  expect(jobs.map(({ job }) => job)).toEqual(["down", "other", "side", "up"]);
  expect(jobs.map(({ join }) => join?.all_of)).toEqual([["up", "other"], undefined, undefined, undefined]);
  expect(edges.map(({ id, flow, join }) => [id, flow, join !== undefined])).toEqual([
    ["other>>down", "live", true],
    ["up>>down", "rest", true],
    ["up>down", "rest", false],
    ["up>side", "rest", false],
  ]);
});
