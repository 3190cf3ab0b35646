import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import type { JobCompleted } from "../api/types";
import type { StreamHandlers } from "./use-event-stream";

/** A burst of events within this time makes one refetch. */
export const BURST_MS = 150;

/**
 * Collects the data keys that events touch, and refetches each once per burst. The map is the
 * server's JOB_TO_DATA_MAP: a new job needs no line here.
 */
export class RefreshBatch {
  private keys = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: QueryClient,
    private readonly mapOf: () => Record<string, string[]> | undefined,
  ) {}

  add(event: JobCompleted): void {
    const map = this.mapOf();
    for (const key of map?.[event.job_type] ?? []) this.keys.add(key);
    // A job the map does not know may stand in a newer map.
    if (!map || !(event.job_type in map)) void this.client.invalidateQueries({ queryKey: ["config"] });
    this.timer ??= setTimeout(() => this.flush(), BURST_MS);
  }

  refreshAll(): void {
    void this.client.invalidateQueries();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private flush(): void {
    this.timer = undefined;
    for (const key of this.keys) void this.client.invalidateQueries({ queryKey: ["data", key] });
    void this.client.invalidateQueries({ queryKey: ["jobs"] });
    this.keys.clear();
  }
}

/** What an event stream needs to keep the screens fresh. */
export function useRealtimeRefresh(map: Record<string, string[]> | undefined): StreamHandlers {
  const client = useQueryClient();
  const current = useMemo(() => ({ map: undefined as typeof map }), []);
  useEffect(() => {
    current.map = map;
  }, [current, map]);
  const batch = useMemo(() => new RefreshBatch(client, () => current.map), [client, current]);
  useEffect(() => () => batch.stop(), [batch]);
  return useMemo(
    () => ({ onJobCompleted: (event) => batch.add(event), onReset: () => batch.refreshAll() }),
    [batch],
  );
}
