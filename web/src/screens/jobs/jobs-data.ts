import { get } from "../../api/client";
import type { JobTypes, RunPage, RunState, Schedule } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

const STATUS_MS = 15_000;
/** Job types change with jobs.toml, which is watched; this is the net. */
const TYPES_MS = 60_000;
/** That a run begins no event tells. */
const BEGINS = { events: () => false };

/** Each job of each project; of one job if it is named. */
export const useJobsStatus = (project_id?: string, job_type?: string) =>
  usePolledQuery(
    ["jobs", "scheduler", project_id, job_type],
    () => get<Schedule>("/jobs/scheduler", { project_id, job_type }),
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

export const useJobTypes = () => usePolledQuery(["job-types"], () => get<JobTypes>("/jobs/types"), TYPES_MS);
