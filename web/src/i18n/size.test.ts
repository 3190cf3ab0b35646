import { expect, it } from "vitest";

import { size } from "./size";

it("tells bytes with the unit that keeps them short", () => {
  const told = (bytes: number) => size(bytes, "en").replaceAll("\u00a0", " ");
  expect([0, 999, 820_000, 54_300_000, 1_240_000_000, 5e15].map(told)).toEqual([
    "0 byte",
    "999 byte",
    "820 kB",
    "54 MB",
    "1.2 GB",
    "5,000 TB",
  ]);
});
