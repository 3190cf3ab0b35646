import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import type { JobCompleted } from "../api/types";
import { CONFIG_KEY, knownConfig } from "./use-jobs-config";
import type { StreamHandlers } from "./use-event-stream";

/** A burst of events within this time makes one refetch. */
export const BURST_MS = 150;

/**
 * Collects the jobs that events tell of, and refetches the data keys they touch, each once per burst.
 * The map is the server's JOB_TO_DATA_MAP: a new job needs no line here.
 */
export class RefreshBatch {
  private jobs = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  add(event: JobCompleted): void {
    this.jobs.add(event.job_type);
    this.timer ??= setTimeout(() => void this.flush(), BURST_MS);
  }

  refreshAll(): void {
    void this.client.invalidateQueries();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const jobs = [...this.jobs];
    this.jobs.clear();
    const refetched = new Set<string>();
    const refetch = () => {
      const map = knownConfig(this.client)?.JOB_TO_DATA_MAP ?? {};
      for (const key of jobs.flatMap((job) => map[job] ?? [])) {
        if (!refetched.has(key)) void this.client.invalidateQueries({ queryKey: ["data", key] });
        refetched.add(key);
      }
    };
    const known = knownConfig(this.client)?.JOB_TO_DATA_MAP;
    refetch();
    void this.client.invalidateQueries({ queryKey: ["jobs"] });
    // A job the map does not know may stand in a newer one: its data come after that.
    if (jobs.every((job) => known && job in known)) return;
    await this.client.invalidateQueries({ queryKey: CONFIG_KEY });
    refetch();
  }
}

/** What an event stream needs to keep the screens fresh. */
export function useRealtimeRefresh(): StreamHandlers {
  const client = useQueryClient();
  const batch = useMemo(() => new RefreshBatch(client), [client]);
  useEffect(() => () => batch.stop(), [batch]);
  return useMemo(
    () => ({
      onJobCompleted: (event) => batch.add(event),
      onConfigChanged: () => void client.invalidateQueries({ queryKey: CONFIG_KEY }),
      onReset: () => batch.refreshAll(),
    }),
    [batch, client],
  );
}
