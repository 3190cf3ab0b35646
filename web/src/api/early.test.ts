import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { get } from "./client";
import { askEarly } from "./early";

let answers: (Response | Error)[];
const fetched = vi.fn(async (_: string) => {
  const next = answers.shift() ?? new Response("{}");
  if (next instanceof Error) throw next;
  return next;
});

beforeEach(() => {
  fetched.mockClear();
  vi.stubGlobal("fetch", fetched);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("gives an early answer to the first who asks, and asks again for the next", async () => {
  answers = [new Response('{"a":1}'), new Response('{"a":2}')];
  expect(await (await askEarly("/things?page=1"))?.json()).toEqual({ a: 1 });
  expect(await get("/things", { page: 1 })).toEqual({ a: 1 });
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(await get("/things", { page: 1 })).toEqual({ a: 2 });
});

it("waits for an early answer that is on its way", async () => {
  answers = [new Response('{"a":1}')];
  const early = askEarly("/things");
  expect(await get("/things")).toEqual({ a: 1 });
  await early;
  expect(fetched).toHaveBeenCalledTimes(1);
});

it("has who asks wait until it is known whether it asks, and never gives the answer to the next", async () => {
  answers = [new Response('{"a":1}'), new Response('{"a":2}'), new Response('{"a":3}')];
  let decide: (wanted: boolean) => void = () => {};
  void askEarly("/things", new Promise((resolve) => (decide = resolve)));
  const first = get("/things");
  expect(await get("/things")).toEqual({ a: 1 });
  decide(true);
  expect(await first).toEqual({ a: 2 });
  expect(await get("/things")).toEqual({ a: 3 });
});

it("asks for whom it has not asked", async () => {
  answers = [new Response('{"a":1}')];
  void askEarly("/things", Promise.resolve(false));
  expect(await get("/things")).toEqual({ a: 1 });
});

it("asks again where the early answer was none, or is old", async () => {
  answers = [new Error("away"), new Response('{"a":2}'), new Response("{}", { status: 401 }), new Response('{"a":3}')];
  expect(await askEarly("/things")).toBeUndefined();
  expect(await get("/things")).toEqual({ a: 2 });
  expect(await askEarly("/things")).toBeUndefined();
  expect(await get("/things")).toEqual({ a: 3 });
  vi.useFakeTimers();
  answers = [new Response('{"a":4}'), new Response('{"a":5}')];
  await askEarly("/things");
  vi.advanceTimersByTime(11_000);
  expect(await get("/things")).toEqual({ a: 5 });
});
