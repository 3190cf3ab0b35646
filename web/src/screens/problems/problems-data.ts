import { get, post } from "../../api/client";
import type { Attention, BulkAnswer, Problems } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

const POLL_MS = 15_000;

export const STATES = ["open", "muted", "handled"] as const;
export type ProblemState = (typeof STATES)[number];

/** Why runs failed, the newest error first. */
export function useProblems(projectId: string | undefined, state: ProblemState): Polled<Problems> {
  return usePolledQuery(
    ["jobs", "problems", projectId, state],
    () => get<Problems>("/problems", { project_id: projectId, state }),
    POLL_MS,
  );
}

/** What needs attention, in numbers. Late schedules and stuck runs cause no event. */
export function useAttention(projectId: string | undefined): Polled<Attention> {
  return usePolledQuery(
    ["jobs", "attention", projectId],
    () => get<Attention>("/problems/attention", { project_id: projectId }),
    POLL_MS,
    { events: () => false },
  );
}

const at = (fingerprint: string, action: string) => `/problems/${encodeURIComponent(fingerprint)}/${action}`;

export const mute = (fingerprint: string, until: Date) => post(at(fingerprint, "mute"), { until: until.toISOString() });
export const markHandled = (fingerprint: string) => post(at(fingerprint, "handled"), {});
export const reopen = (fingerprint: string) => post(at(fingerprint, "reopen"), {});
export const retryLatest = (fingerprint: string) => post<BulkAnswer>(at(fingerprint, "retry"), {});
