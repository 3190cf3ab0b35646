import { useMemo } from "react";

import { get } from "../../api/client";
import type { Schedule, Trends } from "../../api/types";
import { useJobsConfig } from "../../live/use-jobs-config";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import { type CascadeGraph, graphOf } from "./graph-model";

/** That a run begins no event tells: the graph looks by itself. */
const GRAPH_MS = 1000;
/** Trends change only when a run ends, which an event tells. */
const TRENDS_MS = 30_000;

export const useTrends = (project_id?: string) =>
  usePolledQuery(["jobs", "trends", project_id], () => get<Trends>("/jobs/trends", { project_id }), TRENDS_MS);

interface LiveGraph {
  status: Polled<Schedule>;
  graph: CascadeGraph | undefined;
  /** The host's clock when it answered. */
  now: string;
  error: Error | null;
}

/** The cascades as they stand, of one project or of all. */
export function useGraph(project_id: string | undefined): LiveGraph {
  const config = useJobsConfig();
  const trends = useTrends(project_id);
  const status = usePolledQuery(
    ["jobs", "scheduler", project_id],
    () => get<Schedule>("/jobs/scheduler", { project_id }),
    GRAPH_MS,
    { events: () => false },
  );
  const now = status.data?.now ?? "";
  const graph = useMemo(() => {
    if (!config.data || !status.data) return undefined;
    return graphOf({
      config: config.data,
      scheduled: status.data.items,
      // Without trends the graph is still worth seeing.
      trends: trends.data?.items ?? [],
      now: status.data.now,
    });
  }, [config.data, status.data, trends.data]);
  return { status, graph, now, error: status.error ?? config.error };
}
