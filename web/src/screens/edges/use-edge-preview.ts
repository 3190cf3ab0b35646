import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { ApiError, post } from "../../api/client";
import type { EdgePreview } from "../../api/types";
import { useSettled } from "../../layout/use-settled";
import { type Edge, tableOf } from "./edge";

/** A pause of typing after which the host is asked. */
const SETTLE_MS = 400;

export interface Preview {
  answer: EdgePreview | undefined;
  error: Error | null;
  /** Whether the answer is for the edge as it is. */
  current: boolean;
}

/** What an edge would do after the latest run of its job; nothing is asked while there is no edge. */
export function useEdgePreview(from: string, edge: Edge | undefined): Preview {
  const asked = edge && JSON.stringify(tableOf(edge));
  const settled = useSettled(asked, SETTLE_MS);
  const query = useQuery({
    queryKey: ["edge-preview", from, settled],
    queryFn: () => post<EdgePreview>("/edges/preview", { job: from, edge: JSON.parse(settled ?? "null") }),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
    // The next run of the job gives out something else.
    staleTime: 0,
    gcTime: 0,
    // An edge that is refused once is refused again.
    retry: (failures, error) => failures < 1 && !(error instanceof ApiError),
  });
  const isOfNow = settled !== undefined && settled === asked;
  return { answer: query.data, error: isOfNow ? query.error : null, current: isOfNow && !query.isPlaceholderData };
}

/** What the host says of an edge that it refuses, by the key of the edge; what is of none is `""`. */
export function refusals(error: Error | null): Map<string, string> {
  const told = new Map<string, string>();
  if (!(error instanceof ApiError) || error.status !== 400) return told;
  const text = error.message.replace(/^`edge`: /, "");
  for (const part of text.split(/(?:^|; )(?=(?:job|on|when|each|args|key|after|debounce|at_most)(?:\.\S+)?: )/)) {
    // The message names its key once more.
    const [, key = "", said = part] = /^([a-z_]+(?:\.\S+)?): (?:`\S+`: )?(.*)$/s.exec(part) ?? [];
    if (said) told.set(key, [told.get(key), said].filter(Boolean).join("; "));
  }
  return told;
}
