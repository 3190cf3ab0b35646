import { expect, it } from "vitest";

import type { LogLine } from "../../api/types";
import { cutAt, filterLog, logText } from "./log-filter";

const line = (level: LogLine["level"], message: string, fields: LogLine["fields"] = null): LogLine => ({
  seq: 1,
  at: "2026-01-01T00:00:00Z",
  level,
  message,
  fields,
});
const log = [line("debug", "begin"), line("warn", "Careful", { source: "inbox" }), line("error", "broken")];
const found = (level: LogLine["level"] | "", text = "") => filterLog(log, { level, text }).map(({ at }) => at);

it("shows a level and what is worse", () => {
  expect(found("")).toEqual([0, 1, 2]);
  expect(found("warn")).toEqual([1, 2]);
  expect(found("error")).toEqual([2]);
});

it("searches messages and fields, in any case", () => {
  expect(found("", "CAREFUL")).toEqual([1]);
  expect(found("", "inbox")).toEqual([1]);
  expect(found("error", "inbox")).toEqual([]);
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
