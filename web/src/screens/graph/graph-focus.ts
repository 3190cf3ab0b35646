import type { CascadeGraph, GraphEdge, GraphJob } from "./graph-model";

/** Which part of the cascades is looked at. */
export interface Focus {
  /** Part of a job's name or description. */
  find: string;
  /** Only jobs whose last run failed, or that will retry. */
  failedOnly: boolean;
  /** Only this job and what is upstream or downstream of it. */
  around: string | undefined;
}

type Connection = Pick<GraphEdge, "from" | "to">;

export const hasFailed = ({ last, now }: GraphJob): boolean =>
  last?.run.state === "failed" || now.some(({ state }) => state === "retryable");

/** The jobs of the focus and the connections between them. */
export function focused(graph: CascadeGraph, { failedOnly, around }: Focus): CascadeGraph {
  const near = around === undefined ? undefined : related(around, graph.edges);
  const jobs = graph.jobs.filter((job) => (!failedOnly || hasFailed(job)) && (near?.has(job.job) ?? true));
  if (jobs.length === graph.jobs.length) return graph;
  const names = new Set(jobs.map(({ job }) => job));
  return { jobs, edges: graph.edges.filter(({ from, to }) => names.has(from) && names.has(to)) };
}

/** The jobs that a search finds; nothing if nothing is looked for. */
export function found(jobs: GraphJob[], find: string): Set<string> | undefined {
  const wanted = find.trim().toLowerCase();
  if (wanted === "") return undefined;
  const fits = ({ job, description }: GraphJob) => `${job} ${description}`.toLowerCase().includes(wanted);
  return new Set(jobs.filter(fits).map(({ job }) => job));
}

/** A job, all that leads to it and all that it leads to. */
export function related(job: string, edges: Connection[]): Set<string> {
  const downstream = reach(job, (at) => edges.filter(({ from }) => from === at).map(({ to }) => to));
  const upstream = reach(job, (at) => edges.filter(({ to }) => to === at).map(({ from }) => from));
  return new Set([...downstream, ...upstream]);
}

function reach(start: string, next: (job: string) => string[]): Set<string> {
  const reached = new Set([start]);
  // A set that grows while it is walked gives what was added too.
  for (const job of reached) for (const other of next(job)) reached.add(other);
  return reached;
}

/** The cycle that a connection would close, from its start back to it; nothing if it closes none. */
export function cycleOf(from: string, to: string, chains: Record<string, string[]>): string[] | undefined {
  const seen = new Set<string>();
  const path = (at: string): string[] | undefined => {
    if (at === from) return [at];
    if (seen.has(at)) return undefined;
    seen.add(at);
    for (const next of chains[at] ?? []) {
      const rest = path(next);
      if (rest) return [at, ...rest];
    }
    return undefined;
  };
  const back = path(to);
  return back && [from, ...back];
}
