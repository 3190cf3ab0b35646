import { describe, expect, it } from "vitest";

import { best, fit } from "./match";

describe("fit", () => {
  it("prefers a beginning to a part to letters in order", () => {
    const scores = ["signal_extractor", "the signals", "mysignals", "some_icy_great_nails"].map((text) =>
      fit("sign", text),
    );
    expect(scores[3]).toBeDefined();
    expect(scores).toEqual([...scores].sort((a, b) => (b ?? 0) - (a ?? 0)));
    expect(new Set(scores).size).toBe(4);
  });

  it("finds letters in order", () => {
    expect(fit("sgx", "signal_extractor")).toBeDefined();
    expect(fit("xgs", "signal_extractor")).toBeUndefined();
  });

  it("wants every word, in whatever order", () => {
    expect(fit("extr sig", "signal_extractor")).toBeDefined();
    expect(fit("sig absent", "signal_extractor")).toBeUndefined();
  });

  it("takes signs as they are, and any script", () => {
    expect(fit("a.b", "a_b")).toBeUndefined();
    expect(fit("(", "run (now)")).toBeDefined();
    expect(fit("Зап", "запуски")).toBeDefined();
  });
});

describe("best", () => {
  const items = [
    { label: "Run sync for Atlas" },
    { label: "sync" },
    { label: "messages", words: "sync" },
    { label: "Jobs" },
  ];

  it("puts the best first, and a label before other words", () => {
    expect(best(items, "sync", 10).map(({ label }) => label)).toEqual(["sync", "Run sync for Atlas", "messages"]);
  });

  it("keeps the order when nothing is asked, and no more than are wanted", () => {
    expect(best(items, "", 2)).toEqual(items.slice(0, 2));
  });
});
