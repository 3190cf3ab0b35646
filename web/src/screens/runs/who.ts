import type { AuditEntry, Run } from "../../api/types";

/** The clocks of two rows of one transaction differ by less. */
const SAME_MS = 2000;

/** People who had to do with a run, as the audit log tells. */
export interface Who {
  /** Asked for it. */
  asked?: string;
  /** Asked for its end. */
  cancelled?: string;
}

/** Whether the audit log may say more about a run: somebody asked for it or ended it. */
export const hasPeople = (run: Run): boolean =>
  run.triggered_by.kind === "manual" || run.state === "cancelled" || run.cancel_requested_at !== null;

/** What is to be looked for: cancels and retries name the run, requests only the job. */
export const auditTexts = (run: Run): string[] =>
  run.triggered_by.kind === "manual" ? [run.id, run.job_type] : [run.id];

export function whoOf(run: Run, entries: AuditEntry[]): Who {
  const newest = (fits: (entry: AuditEntry) => boolean) =>
    entries.filter((entry) => entry.user_name !== "" && fits(entry)).sort((a, b) => b.seq - a.seq)[0]?.user_name;
  const asked = Date.parse(run.triggered_by.at ?? "");
  const near = (at: string) => Math.abs(Date.parse(at) - asked) < SAME_MS;
  return {
    asked:
      run.triggered_by.kind === "manual"
        ? newest(
            ({ action, target, project_id, at }) =>
              action === "run.start" && target === run.job_type && project_id === run.project_id && near(at),
          )
        : undefined,
    cancelled:
      run.state === "cancelled" || run.cancel_requested_at !== null
        ? newest(({ action, target }) => action === "run.cancel" && target === run.id)
        : undefined,
  };
}
