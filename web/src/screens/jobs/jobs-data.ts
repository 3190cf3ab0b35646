import { get } from "../../api/client";
import type { JobType, Run, RunState, ScheduledJob } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

const STATUS_MS = 15_000;
/** Job types change with jobs.toml, which is watched; this is the net. */
const TYPES_MS = 60_000;
/** That a run begins no event tells. */
const BEGINS = { events: () => false };

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
    BEGINS,
  );

interface RunQuery {
  project_id?: string;
  job_type?: string;
  state: RunState | "";
  page: number;
}

export const useRuns = (query: RunQuery) =>
  usePolledQuery(
    ["jobs", "runs", query],
    () => get<RunPage>("/jobs/runs", { ...query, per_page: 20 }),
    STATUS_MS,
    BEGINS,
  );

export const useJobTypes = () =>
  usePolledQuery(["job-types"], () => get<{ items: JobType[] }>("/jobs/types"), TYPES_MS);
