import type { EndedRun, JobSummary, JobsConfig, JobTrend, Run, RunState, ScheduledJob } from "../../api/types";
import type { Edge, EdgeRules } from "../edges/edge";
import type { Join } from "../edges/join";

/** What a job does now. */
export type JobNow = "retryable" | "running" | "available" | "paused" | "disabled" | "idle";

/** Over several projects the first of these that holds is what a node says. */
const WORST_FIRST: JobNow[] = ["retryable", "running", "available", "paused", "disabled", "idle"];
const WORST_RESULT_FIRST: RunState[] = ["failed", "cancelled", "completed"];

/** A job in the graph: over all projects in scope, the worst first. */
export interface GraphJob {
  job: string;
  description: string;
  now: { state: JobNow; count: number }[];
  /** The run that tells how far it is: of those that run, the least advanced. */
  running: Run | null;
  last: { run: Pick<Run, "state" | "finished_at">; count: number } | null;
  nextRunAt: string | null;
  dataKeys: string[];
  /** The latest ended runs, oldest first. */
  trend: EndedRun[];
  /** How they ended, where no more is known of them. */
  ends: RunState[];
  /** Projects in scope; none if jobs.toml names the job in a chain alone. */
  projects: number;
  /** One for each project; null where these are many, and are not all looked at. */
  rows: ScheduledJob[] | null;
  /** If it runs once several others have ended: what it waits for. */
  join: Join | undefined;
}

/** What the schedules of a job say of it. */
type JobFacts = Omit<GraphJob, "join">;

/** How jobs stand: by project, or over all projects. */
export interface JobStates {
  scheduled: ScheduledJob[];
  summaries: JobSummary[] | null;
  /** The host's clock. */
  now: string;
}

/** `live`: downstream runs because of upstream. `waits`: it will. `fired`: it has just done so. */
type Flow = "live" | "waits" | "fired" | "rest";

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  flow: Flow;
  /** All edges between the two; none of a join. */
  edges: EdgeRules[];
  /** The join that waits for `from`, if it is one. */
  join?: Join;
}

export interface CascadeGraph {
  jobs: GraphJob[];
  edges: GraphEdge[];
}

export const TREND_RUNS = 20;
/** Many runs last milliseconds: an edge stays lit this long after its run, so that it can be seen. */
export const FIRED_MS = 4000;

const edgeId = (from: string, to: string) => `${from}>${to}`;
/** Beside an edge between the two there may be a join. */
const joinId = (from: string, to: string) => `${from}>>${to}`;

interface Sources extends JobStates {
  config: Pick<JobsConfig, "CASCADE_CHAINS" | "JOB_TO_DATA_MAP"> & {
    edges?: Record<string, Edge[]>;
    CASCADE_JOINS?: Record<string, Join>;
  };
  trends: JobTrend[];
}

export function graphOf({ config, scheduled, summaries, trends, now }: Sources): CascadeGraph {
  const chains = config.CASCADE_CHAINS;
  const joins = Object.entries(config.CASCADE_JOINS ?? {});
  const joined = joins.flatMap(([job, { all_of }]) => [job, ...all_of]);
  const names = new Set([...Object.keys(chains), ...Object.values(chains).flat(), ...joined]);
  const rows = grouped(scheduled);
  const trendsOf = grouped(trends);
  const summaryOf = new Map(summaries?.map((summary) => [summary.job_type, summary]));
  for (const name of [...rows.keys(), ...summaryOf.keys()]) names.add(name);
  const jobs = [...names].sort().map((job) => {
    const dataKeys = config.JOB_TO_DATA_MAP[job] ?? [];
    const summary = summaryOf.get(job);
    const facts = summary
      ? overProjects(summary, dataKeys)
      : jobOf(job, rows.get(job) ?? [], trendsOf.get(job) ?? [], dataKeys);
    return { ...facts, join: config.CASCADE_JOINS?.[job] };
  });
  const flow = (from: string, to: string) => flowOf(from, rows.get(to) ?? [], now);
  const edges: GraphEdge[] = Object.entries(chains).flatMap(([from, downstream]) =>
    downstream.map((to) => ({
      id: edgeId(from, to),
      from,
      to,
      flow: flow(from, to),
      edges: config.edges?.[from]?.filter(({ job }) => job === to) ?? [],
    })),
  );
  for (const [to, join] of joins) {
    for (const from of join.all_of) {
      edges.push({ id: joinId(from, to), from, to, flow: flow(from, to), edges: [], join });
    }
  }
  return { jobs, edges: edges.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

function grouped<T extends { job_type: string }>(all: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.job_type);
    if (group) group.push(one);
    else groups.set(one.job_type, [one]);
  }
  return groups;
}

/** A job of which only the sums are known. */
function overProjects(job: JobSummary, dataKeys: string[]): JobFacts {
  const states: { state: JobNow; count: number }[] = [
    { state: "running", count: job.running },
    { state: "available", count: job.waiting },
    { state: "paused", count: job.paused },
    { state: "disabled", count: job.disabled },
    { state: "idle", count: job.schedules - job.running - job.waiting - job.paused - job.disabled },
  ];
  const run = job.failing > 0 ? { state: "failed" as const, finished_at: job.last?.finished_at ?? null } : job.last;
  return {
    job: job.job_type,
    description: job.description,
    now: states.filter(({ count }) => count > 0),
    running: null,
    last: run && { run, count: job.failing || 1 },
    nextRunAt: job.next_run_at,
    dataKeys,
    trend: [],
    ends: job.trend,
    projects: job.schedules,
    rows: null,
  };
}

export function nowOf(row: ScheduledJob): JobNow {
  const run = row.current_run;
  if (run) return run.state as JobNow;
  if (!row.enabled) return "disabled";
  return row.status === "paused" ? "paused" : "idle";
}

function jobOf(job: string, rows: ScheduledJob[], trends: JobTrend[], dataKeys: string[]): JobFacts {
  const states = rows.map(nowOf);
  const now = WORST_FIRST.map((state) => ({ state, count: states.filter((other) => other === state).length })).filter(
    ({ count }) => count > 0,
  );
  const running = rows
    .flatMap(({ current_run }) => (current_run?.state === "running" ? [current_run] : []))
    .sort((a, b) => (a.progress?.fraction ?? 0) - (b.progress?.fraction ?? 0));
  const next = rows.filter((row) => row.next_run_at && row.enabled && row.status === "active");
  return {
    job,
    description: rows[0]?.description ?? "",
    now,
    running: running[0] ?? null,
    last: lastOf(rows),
    nextRunAt: next.map(({ next_run_at }) => next_run_at ?? "").sort(byTime)[0] ?? null,
    dataKeys,
    trend: trends
      .flatMap(({ runs }) => runs)
      .sort((a, b) => byTime(a.finished_at, b.finished_at))
      .slice(-TREND_RUNS),
    ends: [],
    projects: rows.length,
    rows,
  };
}

function lastOf(rows: ScheduledJob[]): GraphJob["last"] {
  const ended = rows.flatMap(({ last_run }) => (last_run ? [last_run] : []));
  const worst = WORST_RESULT_FIRST.find((state) => ended.some((run) => run.state === state));
  const such = ended.filter(({ state }) => state === worst);
  const newest = such.sort((a, b) => byTime(b.finished_at ?? "", a.finished_at ?? ""))[0];
  return newest ? { run: newest, count: such.length } : null;
}

function flowOf(from: string, rows: ScheduledJob[], now: string): Flow {
  const because = rows.flatMap(({ current_run: run }) => (run && causes(run).includes(from) ? [run] : []));
  if (because.some(({ state }) => state === "running")) return "live";
  if (because.length > 0) return "waits";
  const fired = rows.some(
    ({ last_run: run }) =>
      run?.finished_at && causes(run).includes(from) && Date.parse(now) - Date.parse(run.finished_at) < FIRED_MS,
  );
  return fired ? "fired" : "rest";
}

/** Every upstream that triggered a run: it may have been triggered again while it waited. */
function causes(run: Run): string[] {
  const noted = run.payload.triggers;
  const all = Array.isArray(noted) ? noted.map((note: { job_type?: unknown }) => String(note.job_type)) : [];
  const latest = run.triggered_by.kind === "cascade" ? run.triggered_by.job_type : undefined;
  return latest && !all.includes(latest) ? [...all, latest] : all;
}

const byTime = (a: string, b: string) => Date.parse(a) - Date.parse(b);
