// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { StreamTab } from "./stream-tab";

interface Channel {
  onmessage?: (message: { data: unknown }) => void;
  sent: { kind: string; lastId?: string; heardAt?: number }[];
}

let channels: Channel[];

beforeEach(() => {
  vi.useFakeTimers();
  channels = [];
  vi.stubGlobal("SharedWorker", undefined);
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      sent: Channel["sent"] = [];
      constructor() {
        channels.push(this);
      }
      postMessage(what: Channel["sent"][number]) {
        this.sent.push(what);
      }
      close() {}
    },
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("takes each event once, and those after a reset whatever their numbers", () => {
  const taken: string[] = [];
  const tab = new StreamTab(
    { onState: () => {}, onEvent: (name, data) => taken.push(`${name} ${(data as { at?: string }).at ?? ""}`) },
    undefined,
  );
  tab.start();
  const channel = channels[0];
  const say = (name: string, id: string, at?: string) =>
    channel?.onmessage?.({ data: { kind: "event", name, id, data: { project_id: "a", at } } });
  say("connected", "7.0000000001");
  say("job_completed", "8.0000000002", "one");
  say("job_completed", "9.0000000003", "two");
  // Another owner replays.
  say("job_completed", "8.0000000002", "one");
  // The database was restored, and its numbers come again.
  say("reset", "4.0000000004");
  say("job_completed", "8.0000000005", "three");
  expect(taken).toEqual(["connected ", "job_completed one", "job_completed two", "reset ", "job_completed three"]);
  vi.advanceTimersByTime(20_000);
  const hello = channel?.sent.findLast(({ kind }) => kind === "hello");
  expect(hello?.lastId).toBe("8.0000000005");
  expect(hello?.heardAt).toBeGreaterThan(0);
  tab.stop();
});
