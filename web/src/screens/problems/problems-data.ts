import type { QueryClient } from "@tanstack/react-query";

import { get, post } from "../../api/client";
import type { Attention, BulkAnswer, Problems } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

const POLL_MS = 15_000;

export const STATES = ["open", "muted", "handled"] as const;
export type ProblemState = (typeof STATES)[number];

const queryOf = (projectId: string | undefined, state: ProblemState) => ({
  queryKey: ["jobs", "problems", projectId, state],
  queryFn: () => get<Problems>("/problems", { project_id: projectId, state }),
});

/** Why runs failed, the newest error first. */
export function useProblems(projectId: string | undefined, state: ProblemState): Polled<Problems> {
  const { queryKey, queryFn } = queryOf(projectId, state);
  return usePolledQuery(queryKey, queryFn, POLL_MS);
}

export const askProblems = (client: QueryClient) => client.prefetchQuery(queryOf(undefined, "open"));

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
