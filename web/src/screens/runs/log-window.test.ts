import { describe, expect, it } from "vitest";

import type { LogLine, RunLogs } from "../../api/types";
import { narrowed, windowOf, withEarlier, withLater } from "./log-window";

const page = (seqs: number[], more: Partial<RunLogs> = {}): RunLogs => ({
  items: seqs.map((seq) => ({ seq, at: "", level: "info", message: `line ${seq}`, fields: null }) satisfies LogLine),
  total: 9,
  lines: 9,
  more_before: false,
  more_after: false,
  ...more,
});
const seqs = ({ lines }: { lines: LogLine[] }) => lines.map(({ seq }) => seq);

describe("a window on a log", () => {
  it("grows at both ends, and knows at which there is more", () => {
    let log = windowOf(page([4, 5, 6], { more_before: true, more_after: true }));
    log = withLater(log, page([7, 8, 9]));
    expect(log).toMatchObject({ moreBefore: true, moreAfter: false });
    log = withEarlier(log, page([2, 3], { more_before: true, more_after: true }));
    expect(log).toMatchObject({ moreBefore: true, moreAfter: false });
    log = withEarlier(log, page([1], { more_after: true }));
    expect(seqs(log)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(log).toMatchObject({ moreBefore: false, moreAfter: false });
  });

  it("is narrowed at once, by level and by text", () => {
    const log = windowOf(page([1, 2, 3]));
    expect(seqs(narrowed(log, { level: "", text: "LINE 2" }))).toEqual([2]);
    expect(seqs(narrowed(log, { level: "warn", text: "" }))).toEqual([]);
  });

  it("has no line twice, and is the same when nothing was written", () => {
    const log = windowOf(page([1, 2]));
    expect(seqs(withLater(log, page([2, 3], { total: 3, lines: 3 })))).toEqual([1, 2, 3]);
    expect(withLater(log, page([])).lines).toBe(log.lines);
  });
});
