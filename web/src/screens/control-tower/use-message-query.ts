import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What is looked for among the messages, kept in the page's address so that it can be shared. */
export function useMessageQuery() {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (changes: Record<string, string>) =>
      setSearch(
        (before) => {
          if (!("page" in changes)) before.delete("page");
          before.delete("message");
          for (const [name, value] of Object.entries(changes)) {
            if (value) before.set(name, value);
            else before.delete(name);
          }
          return before;
        },
        { replace: !("page" in changes), preventScrollReset: true },
      ),
    [setSearch],
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
