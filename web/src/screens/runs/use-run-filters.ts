import { useCallback, useMemo } from "react";

import { useAddress } from "../../layout/use-address";
import { readFilters } from "./filters";
import { type RunFilters, writeFilters } from "./written-filters";

/** The filters of the address, and a way to change some of them; another filter begins at its first page. */
export function useRunFilters(): [RunFilters, (change: Partial<RunFilters>) => void] {
  const { search, change: write } = useAddress();
  const filters = useMemo(() => readFilters(search), [search]);
  const change = useCallback(
    (part: Partial<RunFilters>) =>
      write((now) => writeFilters({ ...readFilters(now), page: 1, ...part }, now), {
        // Turning a page can be undone by "back"; a letter of a search cannot.
        replace: !("page" in part),
      }),
    [write],
  );
  return [filters, change];
}
