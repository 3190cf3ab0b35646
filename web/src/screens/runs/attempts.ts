import type { RunDetails, RunState } from "../../api/types";

/** One try of a run, as far as it is known. */
export interface Attempt {
  /** From 1. */
  attempt: number;
  state: RunState | undefined;
  startedAt: string | null;
  endedAt: string | null;
  error: string | null;
  worker: string | null;
}

/** Each attempt that there was; the run itself tells of the latest. */
export function attemptsOf(run: RunDetails): Attempt[] {
  return Array.from({ length: run.attempt }, (_, at) => {
    const attempt = at + 1;
    const failed = run.failed_attempts.find((row) => row.attempt === attempt);
    if (failed) {
      const { started_at, ended_at, error, worker } = failed;
      return { attempt, state: "failed", startedAt: started_at, endedAt: ended_at, error, worker };
    }
    // Failed before attempts were kept, or given back by a worker that stopped.
    const unknown = { attempt, state: undefined, startedAt: null, endedAt: null, error: null, worker: null };
    if (attempt < run.attempt) return unknown;
    const { state, started_at, finished_at, error } = run;
    return { ...unknown, state, startedAt: started_at, endedAt: finished_at, error };
  });
}

/** What a run of several attempts, or of one that failed, has to show. */
export const hasAttempts = (run: RunDetails): boolean => run.attempt > 1 || run.failed_attempts.length > 0;
