import { get } from "../../api/client";
import type { Run, WhyJob, WhyRun } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import { isOver } from "../runs/runs-data";

const WAITS_MS = 3000;
const REST_MS = 15_000;

export function useWhyRun(run: Run): Polled<WhyRun> {
  // Once it has begun, why it is there stays as it is.
  const waits = !isOver(run) && run.state !== "running";
  return usePolledQuery(
    ["jobs", "why-run", run.id, run.state],
    () => get<WhyRun>(`/jobs/runs/${run.id}/why`),
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
