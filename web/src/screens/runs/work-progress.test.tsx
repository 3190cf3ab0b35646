import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { useFault } from "../../api/reachability";
import type { MatchProgress } from "../../api/types";
import { useWork } from "./work-progress";

const progress = (done: number, finished = false) =>
  ({ id: "w1", action: "cancel", total: 9, done, refused: 0, examples: [], finished }) as MatchProgress;

/** What the host answers; a number is the status of a refusal. */
let answer: MatchProgress | number;
let asked = 0;

beforeEach(() => {
  vi.useFakeTimers();
  asked = 0;
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    return typeof answer === "number"
      ? Response.json({ error: { message: `status ${answer}` } }, { status: answer })
      : Response.json(answer);
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function follow() {
  const client = new QueryClient();
  client.setQueryData(["jobs", "runs"], 1);
  const { result } = renderHook(
    () => {
      const [fault, setFault] = useFault();
      return { fault, work: useWork(setFault) };
    },
    { wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider> },
  );
  act(() => result.current.work[1](progress(0)));
  return {
    poll: async (given: MatchProgress | number, times = 1) => {
      answer = given;
      for (let time = 0; time < times; time++) await act(() => vi.advanceTimersToNextTimerAsync());
    },
    done: () => result.current.work[0]?.done,
    fault: () => result.current.fault?.message,
    stale: () => client.getQueryState(["jobs", "runs"])?.isInvalidated,
  };
}

it("goes on asking after a fault, which is shown until the next answer", async () => {
  const { poll, done, fault, stale } = follow();
  await poll(500);
  expect([done(), fault()]).toEqual([0, "status 500"]);
  await poll(progress(4));
  expect([done(), fault(), stale()]).toEqual([4, undefined, false]);
  await poll(progress(9, true));
  expect([done(), stale()]).toEqual([9, true]);
  const before = asked;
  await act(() => vi.advanceTimersByTimeAsync(5000));
  expect(asked).toBe(before);
});

it("asks again when another server answers, which does not know the action", async () => {
  const { poll, done, fault } = follow();
  await poll(404, 5);
  expect(fault()).toBeUndefined();
  await poll(progress(4));
  expect(done()).toBe(4);
});

it("says that no server knows the action, and recovers when one does", async () => {
  const { poll, done, fault } = follow();
  await poll(404, 21);
  expect(fault()).toBe("status 404");
  await poll(progress(4));
  expect([done(), fault()]).toEqual([4, undefined]);
});
