import { expect, it } from "vitest";

import type { LogLine, Run } from "../../api/types";
import { differences, onlyIn, timesAsLong } from "./compare";

it("tells fields that differ, at any depth", () => {
  expect(differences({ a: 1, b: { c: [1], d: 2 } }, { a: 1, b: { c: [1, 2], e: null }, f: "x" })).toEqual([
    { path: "b.c", good: "[1]", here: "[1,2]" },
    { path: "b.d", good: "2", here: undefined },
    { path: "f", good: undefined, here: '"x"' },
  ]);
  expect(differences(null, null)).toEqual([]);
  expect(differences(null, { a: 1 })).toEqual([{ path: "", good: undefined, here: '{"a":1}' }]);
});

it("tells lines that the other log has not, whatever their numbers", () => {
  const log = (...lines: string[]) => lines.map((message) => ({ level: "info", message }) as LogLine);
  const good = log("read 12 rows", "done in 40 ms");
  const here = log("read 7 rows", "no route to host", "no route to host", "run 01234567-89ab-4cde-8f01-23456789abcd");
  expect(onlyIn(here, good).map(({ message }) => message)).toEqual([
    "no route to host",
    "run 01234567-89ab-4cde-8f01-23456789abcd",
  ]);
  expect(onlyIn(good, here).map(({ message }) => message)).toEqual(["done in 40 ms"]);
});

it("tells how many times as long", () => {
  const took = (ms: number) =>
    ({
      started_at: "2026-01-01T00:00:00.000Z",
      finished_at: new Date(Date.parse("2026-01-01") + ms).toISOString(),
    }) as Run;
  expect(timesAsLong(took(100), took(250))).toBe(2.5);
  expect(timesAsLong(took(100), { started_at: null, finished_at: null } as Run)).toBeUndefined();
});
