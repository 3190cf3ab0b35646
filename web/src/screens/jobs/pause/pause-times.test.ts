import { expect, it } from "vitest";

import { endOf } from "./pause-times";

const now = new Date(2026, 0, 31, 23, 30);

it("a pause ends after hours, in the morning, at a time, or never", () => {
  expect(endOf("", "", now)).toBeUndefined();
  expect(endOf("4h", "", now)).toEqual(new Date(2026, 1, 1, 3, 30));
  expect(endOf("tomorrow", "", now)).toEqual(new Date(2026, 1, 1, 9));
  expect(endOf("custom", "2026-02-03T04:05", now)).toEqual(new Date(2026, 1, 3, 4, 5));
});

it("a time that is not typed to its end is none", () => {
  expect(endOf("custom", "", now)).toBeUndefined();
  expect(endOf("custom", "soon", now)).toBeUndefined();
});
