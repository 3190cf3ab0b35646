import { expect, it } from "vitest";

import { durationText, millisecondsOf } from "./duration";

it("reads durations as jobs.toml has them", () => {
  const read = ["30s", "2m", "1h 30m", "1h30m", "2 min", "1.5h", "1day", "250ms", " 1s "].map(millisecondsOf);
  expect(read).toEqual([30_000, 120_000, 5_400_000, 5_400_000, 120_000, 5_400_000, 86_400_000, 250, 1000]);
});

it("refuses what is none", () => {
  const none = ["", "30", "s", "0s", "2 x", "1h and 2m", "-1s", "1h, 2m", "soon 1s"];
  expect(none.map(millisecondsOf)).toEqual(none.map(() => undefined));
});

it("writes durations", () => {
  expect([1_200_000, 5_400_000, 90_061_000].map(durationText)).toEqual(["20m", "1h 30m", "1d 1h 1m 1s"]);
});
