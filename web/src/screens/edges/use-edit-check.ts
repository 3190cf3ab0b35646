import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { ApiError } from "../../api/client";
import type { Diagnostic, Edit } from "../../api/types";
import { useSettled } from "../../layout/use-settled";
import { checkText, editText } from "../config/config-api";

/** A pause of typing after which the host is asked. */
const SETTLE_MS = 400;
const NONE: Diagnostic[] = [];

interface Check {
  diagnostics: Diagnostic[];
  /** Whether they are those of the edits as they are. */
  current: boolean;
}

/** What the host would say of a text after these edits; nothing is asked while there are none. */
export function useEditCheck(text: string, edits: Edit[] | undefined): Check {
  const asked = edits && JSON.stringify(edits);
  const settled = useSettled(asked, SETTLE_MS);
  const query = useQuery({
    queryKey: ["edit-check", text, settled],
    queryFn: async () => checkText(await editText(text, JSON.parse(settled ?? "[]"))),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 0,
    // What is refused once is refused again.
    retry: (failures, error) => failures < 1 && !(error instanceof ApiError),
  });
  const isOfNow = settled !== undefined && settled === asked;
  return {
    diagnostics: (isOfNow && query.data?.diagnostics) || NONE,
    current: isOfNow && query.isSuccess && !query.isPlaceholderData,
  };
}
