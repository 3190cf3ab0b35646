import { expect, it } from "vitest";

import type { LogLine } from "../../api/types";
import { cutAt, droppedAt, logText } from "./log-filter";

const line = (level: LogLine["level"], message: string, fields: LogLine["fields"] = null): LogLine => ({
  seq: 1,
  at: "2026-01-01T00:00:00Z",
  level,
  message,
  fields,
});
const log = [line("debug", "begin"), line("warn", "Careful", { source: "inbox" }), line("error", "broken")];

it("knows a line that stands for others", () => {
  expect(droppedAt(line("warn", "12 log lines were dropped here", { dropped: 12 }))).toBe(12);
  expect(log.map(droppedAt)).toEqual([0, 0, 0]);
});

it("cuts out every place", () => {
  expect(cutAt("one two One", "one")).toEqual(["", "one", " two ", "One", ""]);
  expect(cutAt("one", " ")).toEqual(["one"]);
  expect(cutAt("one", "two")).toEqual(["one"]);
});

it("is copied as text", () => {
  expect(logText(log.slice(1))).toBe(
    '2026-01-01T00:00:00Z warn Careful {"source":"inbox"}\n2026-01-01T00:00:00Z error broken',
  );
});
