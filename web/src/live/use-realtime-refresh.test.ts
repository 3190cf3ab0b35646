// @vitest-environment happy-dom
import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { JobsConfig } from "../api/types";
import { CONFIG_KEY } from "./use-jobs-config";
import { BURST_MS, RefreshBatch } from "./use-realtime-refresh";

const event = (job_type: string) => ({ job_type, project_id: "p", status: "ok" as const, at: "" });
const map = { sync: ["cards", "mail"], score: ["cards"] };

let client: QueryClient;
let batch: RefreshBatch;
/** What the host's jobs.toml says by now. */
let atHost: Record<string, string[]>;
let refetched: unknown[];

function know(JOB_TO_DATA_MAP: Record<string, string[]>) {
  client.setQueryData(CONFIG_KEY, { JOB_TO_DATA_MAP } as JobsConfig);
}

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  batch = new RefreshBatch(client);
  atHost = map;
  refetched = [];
  know(map);
  vi.spyOn(client, "invalidateQueries").mockImplementation(async (filters) => {
    refetched.push(filters?.queryKey);
    if (filters?.queryKey !== CONFIG_KEY) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
    know(atHost);
  });
});
afterEach(() => vi.useRealTimers());

describe("RefreshBatch", () => {
  it("refetches the keys of the server's map, each once for a burst", async () => {
    batch.add(event("sync"));
    batch.add(event("score"));
    expect(refetched).toEqual([]);
    await vi.advanceTimersByTimeAsync(BURST_MS);
    expect(refetched).toEqual([["data", "cards"], ["data", "mail"], ["jobs"]]);
  });

  it("starts again after a burst", async () => {
    batch.add(event("sync"));
    await vi.advanceTimersByTimeAsync(BURST_MS);
    refetched = [];
    batch.add(event("score"));
    await vi.advanceTimersByTimeAsync(BURST_MS);
    expect(refetched).toEqual([["data", "cards"], ["jobs"]]);
  });

  it("asks for the map again when it does not know the job, and then refetches the job's keys", async () => {
    atHost = { ...map, newcomer: ["fresh", "cards"] };
    batch.add(event("newcomer"));
    batch.add(event("score"));
    await vi.advanceTimersByTimeAsync(BURST_MS);
    expect(refetched).toEqual([["data", "cards"], ["jobs"], CONFIG_KEY]);
    await vi.advanceTimersByTimeAsync(20);
    expect(refetched.slice(3)).toEqual([["data", "fresh"]]);
  });

  it("does so when the map has not come yet", async () => {
    client.removeQueries({ queryKey: CONFIG_KEY });
    batch.add(event("score"));
    await vi.advanceTimersByTimeAsync(BURST_MS + 20);
    expect(refetched).toEqual([["jobs"], CONFIG_KEY, ["data", "cards"]]);
  });

  it("leaves a job at that which even the newest map lacks", async () => {
    batch.add(event("silent"));
    await vi.advanceTimersByTimeAsync(BURST_MS + 20);
    expect(refetched).toEqual([["jobs"], CONFIG_KEY]);
  });

  it("lets a burst finish before the next one, and loses none", async () => {
    vi.mocked(client.invalidateQueries).mockImplementation(async (filters) => {
      refetched.push(filters?.queryKey);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    });
    batch.add(event("score"));
    await vi.advanceTimersByTimeAsync(BURST_MS);
    for (let at = 0; at < 5; at++) {
      batch.add(event("score"));
      await vi.advanceTimersByTimeAsync(150);
    }
    expect(refetched).toEqual([["data", "cards"], ["jobs"]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(refetched).toEqual([["data", "cards"], ["jobs"], ["data", "cards"], ["jobs"]]);
  });

  it("fetches nothing in a hidden tab, and all that was missed once on return", async () => {
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    batch.add(event("sync"));
    batch.refreshConfig();
    await vi.advanceTimersByTimeAsync(5000);
    expect(refetched).toEqual([]);
    hidden.mockReturnValue(false);
    batch.resume();
    await vi.advanceTimersByTimeAsync(20);
    expect(refetched).toEqual([CONFIG_KEY, ["data", "cards"], ["data", "mail"], ["jobs"]]);
    hidden.mockRestore();
  });
});
