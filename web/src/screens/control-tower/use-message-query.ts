import { useCallback } from "react";

import { useAddress } from "../../layout/use-address";

/** What is looked for among the messages, kept in the page's address so that it can be shared. */
export function useMessageQuery() {
  const { search, set } = useAddress();
  const change = useCallback(
    (changes: Record<string, string>) => set({ page: "", message: "", ...changes }, { replace: !("page" in changes) }),
    [set],
  );
  return {
    query: {
      search: search.get("q") ?? "",
      signal: search.get("signal") ?? "",
      source_kind: search.get("source") ?? "",
      page: Math.max(1, Math.trunc(Number(search.get("page"))) || 1),
    },
    /** The message that a link led to. */
    wanted: search.get("message"),
    change,
    clear: () => change({ q: "", signal: "", source: "" }),
  };
}
