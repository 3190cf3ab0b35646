import { useQueryClient } from "@tanstack/react-query";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { ScheduledJob } from "../../api/types";

export type JobAction = "run" | "pause" | "resume";

/** What is said with a pause. */
interface PauseWords {
  until?: string;
  reason?: string;
}

export type JobAct = (
  job: Pick<ScheduledJob, "job_type" | "project_id">,
  action: JobAction,
  pause?: PauseWords,
) => Promise<void>;

/** Run, pause and resume a job of a project, and what went wrong with the last of these. */
export function useJobActions() {
  const client = useQueryClient();
  const [fault, setFault] = useFault();
  const act: JobAct = async (job, action, pause) => {
    try {
      await post(`/jobs/${encodeURIComponent(job.job_type)}/${action}`, { project_id: job.project_id, ...pause });
      setFault(undefined);
    } catch (error) {
      setFault(error as Error);
    }
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };
  return { act, fault, forget: () => setFault(undefined) };
}
