import {
  type InvalidateOptions,
  type InvalidateQueryFilters,
  type QueryClient,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import type { JobCompleted } from "../api/types";
import type { StreamHandlers } from "./use-event-stream";
import { CONFIG_KEY, knownConfig } from "./use-jobs-config";

/** A burst of events within this time makes one refetch. */
export const BURST_MS = 150;

type Invalidate = (filters?: InvalidateQueryFilters) => Promise<void>;

/**
 * Collects the jobs that events tell of, and refetches the data keys they touch, each once per burst.
 * The map is the server's JOB_TO_DATA_MAP: a new job needs no line here.
 *
 * One burst at a time: what comes while its data are fetched makes the next one, so that a storm of
 * events neither starves a slow fetch nor piles up. A hidden tab only collects.
 */
export class RefreshBatch {
  private jobs = new Set<string>();
  private all = false;
  private config = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;

  constructor(private readonly client: QueryClient) {}

  add(event: JobCompleted): void {
    this.jobs.add(event.job_type);
    this.schedule();
  }

  refreshAll(): void {
    this.all = true;
    this.schedule(0);
  }

  refreshConfig(): void {
    this.config = true;
    this.schedule(0);
  }

  /** The tab is looked at again. What its polling has just begun to fetch is new enough: it is joined. */
  resume(): void {
    if (this.waits() && !this.busy) void this.flush({ cancelRefetch: false });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(ms = BURST_MS): void {
    if (this.busy || document.hidden) return;
    this.timer ??= setTimeout(() => void this.flush(), ms);
  }

  private waits(): boolean {
    return this.jobs.size > 0 || this.all || this.config;
  }

  private async flush(options: InvalidateOptions = {}): Promise<void> {
    this.stop();
    if (document.hidden) return;
    this.busy = true;
    try {
      await this.refetch((filters) => this.client.invalidateQueries(filters, options));
    } finally {
      this.busy = false;
      if (this.waits()) this.schedule();
    }
  }

  private async refetch(invalidate: Invalidate): Promise<void> {
    const jobs = [...this.jobs];
    const { all, config } = this;
    this.jobs.clear();
    this.all = this.config = false;
    if (all) {
      await invalidate();
      return;
    }
    const fetches = config ? [invalidate({ queryKey: CONFIG_KEY })] : [];
    if (jobs.length > 0) fetches.push(this.refetchOf(jobs, invalidate));
    await Promise.all(fetches);
  }

  private async refetchOf(jobs: string[], invalidate: Invalidate): Promise<void> {
    const fetches: Promise<void>[] = [];
    const refetched = new Set<string>();
    const refetch = () => {
      const map = knownConfig(this.client)?.JOB_TO_DATA_MAP ?? {};
      for (const key of jobs.flatMap((job) => map[job] ?? [])) {
        if (!refetched.has(key)) fetches.push(invalidate({ queryKey: ["data", key] }));
        refetched.add(key);
      }
    };
    const known = knownConfig(this.client)?.JOB_TO_DATA_MAP;
    refetch();
    fetches.push(invalidate({ queryKey: ["jobs"] }));
    // A job the map does not know may stand in a newer one: its data come after that.
    if (!jobs.every((job) => known && job in known)) {
      await invalidate({ queryKey: CONFIG_KEY });
      refetch();
    }
    await Promise.all(fetches);
  }
}

/** What an event stream needs to keep the screens fresh. */
export function useRealtimeRefresh(): StreamHandlers {
  const client = useQueryClient();
  const batch = useMemo(() => new RefreshBatch(client), [client]);
  useEffect(() => {
    const onReturn = () => {
      if (!document.hidden) batch.resume();
    };
    document.addEventListener("visibilitychange", onReturn);
    return () => {
      document.removeEventListener("visibilitychange", onReturn);
      batch.stop();
    };
  }, [batch]);
  return useMemo(
    () => ({
      onJobCompleted: (event) => batch.add(event),
      onConfigChanged: () => batch.refreshConfig(),
      onReset: () => batch.refreshAll(),
    }),
    [batch],
  );
}
