import { useCallback, useMemo } from "react";

import type { View } from "../../api/types";
import { useAddress } from "../../layout/use-address";
import { properties } from "../../schema/json-schema";

/** In the address a filter has a name that no other parameter has. */
const FILTER = "filter.";

export interface ViewQuery {
  page: number;
  /** A column, or `-column` for the largest first. */
  sort: string;
  filters: Record<string, string>;
}

/** What is asked of a view, kept in the page's address so that it can be shared. */
export function useViewQuery(view: View) {
  const { search, set } = useAddress();
  const query = useMemo(() => read(search, view), [search, view]);
  const change = useCallback(
    (changes: Record<string, string | undefined>) => set({ page: "", ...changes }, { replace: !("page" in changes) }),
    [set],
  );
  return {
    ...query,
    turnTo: (page: number) => change({ page: page > 1 ? String(page) : undefined }),
    sortBy: (sort: string) => change({ sort }),
    filterBy: (name: string, value: string) => change({ [FILTER + name]: value }),
    clear: () => change(Object.fromEntries(Object.keys(query.filters).map((name) => [FILTER + name, undefined]))),
  };
}

/** An address may be old: what the view does not know is left out. */
export function read(search: URLSearchParams, view: View): ViewQuery {
  const sort = search.get("sort") ?? "";
  const given = properties(view.filter_schema).map(([name]) => [name, search.get(FILTER + name) ?? ""] as const);
  return {
    page: Math.max(1, Math.trunc(Number(search.get("page"))) || 1),
    sort: view.sortable.includes(sort.replace(/^-/, "")) ? sort : "",
    filters: Object.fromEntries(given.filter(([, value]) => value !== "")),
  };
}
