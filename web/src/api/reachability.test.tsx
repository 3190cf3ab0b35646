import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ApiError, get } from "./client";
import { Outage } from "./outage";
import { onBack, serverBack, useFault } from "./reachability";

let answer: () => Response;
const asked: string[] = [];
const away = () => {
  throw new TypeError("Failed to fetch");
};

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return answer();
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("asks until the server answers, tells it once, and forgets that it was away", async () => {
  answer = away;
  const told = vi.fn();
  const end = onBack(told);
  const { result } = renderHook(() => useFault());
  const error = await get("/jobs").catch((fault: Error) => fault);
  expect(error).toBeInstanceOf(Outage);
  act(() => result.current[1](error as Error));
  expect(result.current[0]?.message).toBe("The server does not respond.");
  await vi.waitFor(() => expect(asked.filter((path) => path === "/api/health").length).toBeGreaterThan(1));
  expect(told).not.toHaveBeenCalled();
  answer = () => new Response("{}");
  await act(() => serverBack());
  expect(told).toHaveBeenCalledOnce();
  expect(result.current[0]).toBeUndefined();
  end();
});

it("takes the answer of a proxy for an outage, and keeps what the host refuses", async () => {
  answer = () => new Response("", { status: 502 });
  const { result } = renderHook(() => useFault());
  const outage = await get("/jobs").catch((fault: Error) => fault);
  act(() => result.current[1](outage as Error));
  answer = () => new Response("{}");
  await act(() => serverBack());
  expect(result.current[0]).toBeUndefined();
  const refused = new ApiError(400, "no such job");
  act(() => result.current[1](refused));
  await act(() => serverBack());
  expect(result.current[0]).toBe(refused);
});
