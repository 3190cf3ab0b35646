import { get } from "../../api/client";
import type { Run, WhyJob, WhyRun } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import { isOver } from "../runs/runs-data";

const WAITS_MS = 3000;
const REST_MS = 15_000;

export const hasBegun = (run: Run): boolean => isOver(run) || run.state === "running";

/** Asked for beside the run itself, so that the page has both at once and nothing moves. */
export function useWhyRun(id: string, run: Run | undefined): Polled<WhyRun> {
  // Once it has begun, why it is there stays as it is.
  const waits = run !== undefined && !hasBegun(run);
  return usePolledQuery(
    ["jobs", "why-run", id],
    () => get<WhyRun>(`/jobs/runs/${id}/why`),
    waits ? WAITS_MS : REST_MS,
    { events: () => !waits },
  );
}

export function useWhyJob(job: string, projectId: string | undefined): Polled<WhyJob> {
  return usePolledQuery(
    ["jobs", "why-job", job, projectId],
    () => get<WhyJob>(`/jobs/${encodeURIComponent(job)}/why`, { project_id: projectId }),
    REST_MS,
    { enabled: projectId !== undefined },
  );
}
