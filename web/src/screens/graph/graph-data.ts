import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { get } from "../../api/client";
import { serverNow } from "../../api/server-clock";
import type { JobSummaries, Schedule, Trends } from "../../api/types";
import { askConfig, useJobsConfig } from "../../live/use-jobs-config";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import { type CascadeGraph, graphOf, type JobStates } from "./graph-model";

/** That a run begins no event tells: the graph looks by itself. */
const GRAPH_MS = 1000;
/** So often where a job is one row over all projects. */
const AT_SIZE_MS = 10_000;
/** Trends change only when a run ends, which an event tells. */
const TRENDS_MS = 30_000;
/** Schedules that are looked at one by one, and rows of a page of more. */
const PAGE = 200;

/** The summary says how many schedules there are; where these are few they are looked at one by one. */
async function fetchStates(project_id: string | undefined, before: JobStates | undefined): Promise<JobStates> {
  const schedules = () => get<Schedule>("/jobs/scheduler", { project_id, page: 1, per_page: PAGE });
  if (before && !before.summaries) {
    const { items, total, now } = await schedules();
    if (total <= PAGE) return { scheduled: items, summaries: null, now };
  }
  const summaries: JobSummaries["items"] = [];
  for (let page = 1; ; page++) {
    const answer = await get<JobSummaries>("/jobs/summary", { project_id, page, per_page: PAGE });
    if (answer.schedules <= PAGE) {
      const { items, now } = await schedules();
      return { scheduled: items, summaries: null, now };
    }
    summaries.push(...answer.items);
    if (answer.items.length === 0 || summaries.length >= answer.total) break;
  }
  return { scheduled: [], summaries, now: new Date(serverNow()).toISOString() };
}

const keyOf = (project_id: string | undefined) => ["jobs", "states", project_id];

export const askGraph = (client: QueryClient) =>
  Promise.all([
    askConfig(client),
    client.prefetchQuery({ queryKey: keyOf(undefined), queryFn: () => fetchStates(undefined, undefined) }),
  ]);

/** How jobs stand: each in each project, or over all projects where these are many. */
export function useJobStates(project_id: string | undefined, intervalMs = GRAPH_MS): Polled<JobStates> {
  const key = keyOf(project_id);
  const before = useQueryClient().getQueryData<JobStates>(key);
  return usePolledQuery(key, () => fetchStates(project_id, before), before?.summaries ? AT_SIZE_MS : intervalMs, {
    events: () => false,
  });
}

/** What the latest runs took; not asked where jobs are looked at over all projects. */
export const useTrends = (project_id: string | undefined, states: JobStates | undefined) =>
  usePolledQuery(["jobs", "trends", project_id], () => get<Trends>("/jobs/trends", { project_id }), TRENDS_MS, {
    enabled: states?.summaries === null,
  });

interface LiveGraph {
  status: Polled<JobStates>;
  graph: CascadeGraph | undefined;
  /** The host's clock when it answered. */
  now: string;
  error: Error | null;
}

/** The cascades as they stand, of one project or of all. */
export function useGraph(project_id: string | undefined): LiveGraph {
  const config = useJobsConfig();
  const status = useJobStates(project_id);
  const trends = useTrends(project_id, status.data);
  const now = status.data?.now ?? "";
  const graph = useMemo(() => {
    if (!config.data || !status.data) return undefined;
    // Without trends the graph is still worth seeing.
    return graphOf({ config: config.data, ...status.data, trends: trends.data?.items ?? [] });
  }, [config.data, status.data, trends.data]);
  return { status, graph, now, error: status.error ?? config.error };
}
