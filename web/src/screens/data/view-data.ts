import { get } from "../../api/client";
import type { Page, Views } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

/** Views change with jobs.toml, which is watched; this is the net. */
const VIEWS_MS = 60_000;
const ROWS_MS = 30_000;

export type Row = Record<string, unknown>;

export const useViews = () => usePolledQuery(["views"], () => get<Views>("/data"), VIEWS_MS);

export function useRows(key: string, query: Record<string, string | number | undefined>) {
  return usePolledQuery(["data", key, query], () => get<Page<Row>>(`/data/${encodeURIComponent(key)}`, query), ROWS_MS);
}
