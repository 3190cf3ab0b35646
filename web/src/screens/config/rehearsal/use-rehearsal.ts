import { useQuery } from "@tanstack/react-query";

import { ApiError, post } from "../../../api/client";
import type { Rehearsal } from "../../../api/types";

/** The spans that can be chosen, in days. */
export const SPANS = [1, 7, 30] as const;
export type Span = (typeof SPANS)[number];

/** What a text would have made of the last days. It takes the host seconds, so it is asked once for each span. */
export function useRehearsal(text: string, days: Span) {
  return useQuery({
    queryKey: ["rehearsal", text, days],
    queryFn: () => post<Rehearsal>("/jobs/config/rehearse", { text, last_seconds: days * 86_400 }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    // What is refused once is refused again, unless another rehearsal was under way.
    retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 409),
    retryDelay: 1500,
  });
}
