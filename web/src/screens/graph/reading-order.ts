import type { Connection } from "./graph-layout";

/**
 * Jobs as one reads them: each after what triggers it, with the number of steps from the first cause. Jobs that are in no
 * cascade come last; beside each other they stand in the order of their names. Without the layout of the graph, whose code
 * is more than the list.
 */
export function inReadingOrder(jobs: string[], connections: Connection[]): { job: string; depth: number }[] {
  const ordered = new Map<string, number>();
  const downstreamOf = (job: string) => connections.filter(({ from }) => from === job).map(({ to }) => to);
  const visit = (job: string, depth: number) => {
    if (ordered.has(job)) return;
    ordered.set(job, depth);
    for (const next of downstreamOf(job).sort()) visit(next, depth + 1);
  };
  const roots = jobs.filter((job) => !connections.some(({ to }) => to === job)).sort();
  const first = roots.filter((job) => downstreamOf(job).length > 0);
  // A cycle has no root; its jobs are shown all the same, before those that are in no cascade.
  const rest = jobs.filter((job) => !roots.includes(job));
  for (const job of [...first, ...rest, ...roots]) visit(job, 0);
  return [...ordered].map(([job, depth]) => ({ job, depth }));
}
