import type { Run } from "../../../api/types";

/** Whether anything of it may be changed: of a run of its schedule only the time of the next attempt. */
export function waits(run: Pick<Run, "state" | "args">): boolean {
  if (run.state === "retryable") return true;
  return run.args !== null && (run.state === "scheduled" || run.state === "available");
}

/** Whether it waits for a time, so that it may be told to begin now. */
export function startsLater(run: Pick<Run, "state">): boolean {
  return run.state === "scheduled" || run.state === "retryable";
}

/** Whether other args may be given: they are those of all its attempts. */
export function takesArgs(run: Pick<Run, "args" | "attempt">): boolean {
  return run.args !== null && run.attempt === 0;
}

/** Changes of a run, as the API takes them: only what is other than before. */
export function changesOf(
  before: { at: string; priority: number; args: object; tags: string[] },
  after: { at: string; priority: number; args: unknown; tags: string[] },
): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  if (after.at !== before.at) {
    if (after.at) changes.run_at = new Date(after.at).toISOString();
    else changes.start_now = true;
  }
  if (after.priority !== before.priority) changes.priority = after.priority;
  if (JSON.stringify(after.tags) !== JSON.stringify(before.tags)) changes.tags = after.tags;
  if (after.args !== undefined && JSON.stringify(after.args) !== JSON.stringify(before.args)) changes.args = after.args;
  return changes;
}
