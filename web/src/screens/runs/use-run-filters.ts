import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

import { readFilters } from "./filters";
import { type RunFilters, writeFilters } from "./written-filters";

/** The filters of the address, and a way to change some of them; another filter begins at its first page. */
export function useRunFilters(): [RunFilters, (change: Partial<RunFilters>) => void] {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => readFilters(search), [search]);
  const change = useCallback(
    (part: Partial<RunFilters>) =>
      setSearch((before) => writeFilters({ ...readFilters(before), page: 1, ...part }, before), {
        // Turning a page can be undone by "back"; a letter of a search cannot.
        replace: !("page" in part),
      }),
    [setSearch],
  );
  return [filters, change];
}
