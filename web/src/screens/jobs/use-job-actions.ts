import { useQueryClient } from "@tanstack/react-query";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { ScheduledJob } from "../../api/types";

export type JobAction = "run" | "pause" | "resume";

/** Run, pause and resume a job of a project, and what went wrong with the last of these. */
export function useJobActions() {
  const client = useQueryClient();
  const [fault, setFault] = useFault();
  const act = async (job: Pick<ScheduledJob, "job_type" | "project_id">, action: JobAction) => {
    try {
      await post(`/jobs/${encodeURIComponent(job.job_type)}/${action}`, { project_id: job.project_id });
      setFault(undefined);
    } catch (error) {
      setFault(error as Error);
    }
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };
  return { act, fault, forget: () => setFault(undefined) };
}
