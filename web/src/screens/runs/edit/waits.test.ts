import { describe, expect, it } from "vitest";

import { changesOf, startsLater, takesArgs, waits } from "./waits";

describe("what may be changed of a run", () => {
  it("is open to what waits, and of a schedule's run only to its next attempt", () => {
    expect(waits({ state: "available", args: {} })).toBe(true);
    expect(waits({ state: "available", args: null })).toBe(false);
    expect(waits({ state: "retryable", args: null })).toBe(true);
    expect(waits({ state: "running", args: {} })).toBe(false);
    expect([startsLater({ state: "scheduled" }), startsLater({ state: "available" })]).toEqual([true, false]);
    expect([takesArgs({ args: {}, attempt: 0 }), takesArgs({ args: {}, attempt: 1 })]).toEqual([true, false]);
  });

  it("is sent only where it is other than before", () => {
    const before = { at: "", priority: 0, args: { n: 1 }, tags: ["a"] };
    expect(changesOf(before, { ...before, args: { n: 1 } })).toEqual({});
    expect(changesOf(before, { ...before, priority: 3, args: { n: 2 } })).toEqual({ priority: 3, args: { n: 2 } });
    expect(changesOf(before, { ...before, tags: [] })).toEqual({ tags: [] });
    expect(changesOf({ ...before, at: "2026-01-15T12:00" }, before)).toEqual({ start_now: true });
    const at = "2026-01-15T12:00";
    expect(changesOf(before, { ...before, at })).toEqual({ run_at: new Date(at).toISOString() });
  });
});
