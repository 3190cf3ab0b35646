import { describe, expect, it } from "vitest";

import { bytes, seconds } from "./amounts";

describe("amounts", () => {
  it("have the largest unit of which there is at least one", () => {
    expect([0, 999, 1000, 12_345_678].map((amount) => bytes(amount, "en"))).toEqual([
      "0 byte",
      "999 byte",
      "1 kB",
      "12.3 MB",
    ]);
    expect(seconds(1234, "en")).toBe("1.23 sec");
  });
});
