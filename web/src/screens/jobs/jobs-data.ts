import { get } from "../../api/client";
import type { JobsConfig, LogLine, Run, RunState, ScheduledJob } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

const STATUS_MS = 15_000;
/** A run page is watched while it runs. */
const RUN_MS = 3000;

export interface RunPage {
  items: Run[];
  total: number;
  per_page: number;
}

export const useJobsStatus = (project_id?: string) =>
  usePolledQuery(
    ["jobs", "scheduler", project_id],
    () => get<{ now: string; items: ScheduledJob[] }>("/jobs/scheduler", { project_id }),
    STATUS_MS,
  );

export const useRuns = (project_id: string | undefined, state: RunState | "", page: number) =>
  usePolledQuery(
    ["jobs", "runs", project_id, state, page],
    () => get<RunPage>("/jobs/runs", { project_id, state, page, per_page: 20 }),
    STATUS_MS,
  );

export const useRun = (id: string) => usePolledQuery(["jobs", "run", id], () => get<Run>(`/jobs/runs/${id}`), RUN_MS);

export const useRunLog = (id: string) =>
  usePolledQuery(["jobs", "log", id], () => get<{ items: LogLine[] }>(`/jobs/runs/${id}/logs`), RUN_MS);

export const useChains = () => usePolledQuery(["config"], () => get<JobsConfig>("/jobs/config"), STATUS_MS);
