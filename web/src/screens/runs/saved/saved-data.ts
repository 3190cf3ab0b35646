import { useQuery, useQueryClient } from "@tanstack/react-query";

import { get } from "../../../api/client";
import type { SavedView, SavedViews } from "../../../api/types";
import { readFilters } from "../filters";
import { type RunFilters, writeFilters } from "../written-filters";

const KEY = ["saved-views"];

/** What this account has saved, in its order; and a way to ask for it again after a change. */
export function useSavedViews(): { views: SavedView[]; reload: () => Promise<void> } {
  const client = useQueryClient();
  const query = useQuery({ queryKey: KEY, queryFn: () => get<SavedViews>("/saved-views"), staleTime: 60_000 });
  return { views: query.data?.items ?? [], reload: () => client.invalidateQueries({ queryKey: KEY }) };
}

/** The address of a filter, from its first page on. */
export function searchOf(filters: RunFilters, project: string): string {
  return writeFilters({ ...filters, page: 1 }, new URLSearchParams(project ? { project } : {})).toString();
}

/** A saved address as this version writes it, so that it can be compared. */
export function asWritten(search: string): string {
  const saved = new URLSearchParams(search);
  return searchOf(readFilters(saved), saved.get("project") ?? "");
}

/** The list with one of its items a place further up or down. */
export function shifted<T>(items: T[], at: number, by: number): T[] {
  const next = [...items];
  const [item] = next.splice(at, 1);
  if (item === undefined) return items;
  next.splice(Math.max(0, Math.min(next.length, at + by)), 0, item);
  return next;
}
