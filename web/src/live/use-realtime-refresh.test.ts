import type { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { BURST_MS, RefreshBatch } from "./use-realtime-refresh";

const invalidateQueries = vi.fn(async () => {});
const client = { invalidateQueries } as unknown as QueryClient;
const event = (job_type: string) => ({ job_type, project_id: "p", status: "ok" as const, at: "" });

function refetched(): unknown[] {
  return (invalidateQueries.mock.calls as unknown as [{ queryKey: unknown }?][]).map((call) => call[0]?.queryKey);
}

beforeEach(() => {
  vi.useFakeTimers();
  invalidateQueries.mockClear();
});
afterEach(() => vi.useRealTimers());

describe("RefreshBatch", () => {
  const map = { sync: ["cards", "mail"], score: ["cards"] };

  it("refetches the keys of the server's map, each once for a burst", () => {
    const batch = new RefreshBatch(client, () => map);
    batch.add(event("sync"));
    batch.add(event("score"));
    expect(refetched()).toEqual([]);
    vi.advanceTimersByTime(BURST_MS);
    expect(refetched()).toEqual([["data", "cards"], ["data", "mail"], ["jobs"]]);
  });

  it("starts anew after a burst", () => {
    const batch = new RefreshBatch(client, () => map);
    batch.add(event("sync"));
    vi.advanceTimersByTime(BURST_MS);
    invalidateQueries.mockClear();
    batch.add(event("score"));
    vi.advanceTimersByTime(BURST_MS);
    expect(refetched()).toEqual([["data", "cards"], ["jobs"]]);
  });

  it("asks for the map again when it does not know the job", () => {
    const batch = new RefreshBatch(client, () => map);
    batch.add(event("newcomer"));
    vi.advanceTimersByTime(BURST_MS);
    expect(refetched()).toEqual([["config"], ["jobs"]]);
  });
});
