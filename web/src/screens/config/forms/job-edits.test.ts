import { describe, expect, it } from "vitest";

import { enabledEdits, type Field, fieldEdits, scheduleEdits, shown } from "./job-edits";

const every: Field = { path: ["every"], kind: "text" };
const attempts: Field = { path: ["max_attempts"], kind: "number" };
const initial: Field = { path: ["backoff", "initial"], kind: "text" };
const factor: Field = { path: ["backoff", "factor"], kind: "number" };
const at = (...names: string[]) => ["jobs", "j", ...names];

describe("fieldEdits", () => {
  it("sets what is typed, and removes what is emptied", () => {
    expect(fieldEdits("j", {}, every, " 5m ")).toEqual([{ op: "set", path: at("every"), value: "5m" }]);
    expect(fieldEdits("j", { every: "5m" }, every, "")).toEqual([{ op: "remove", path: at("every") }]);
    expect(fieldEdits("j", { every: "5m" }, every, "5m")).toEqual([]);
    expect(fieldEdits("j", {}, every, "")).toEqual([]);
  });

  it("writes a number as one, and leaves a slip to the host", () => {
    expect(fieldEdits("j", {}, attempts, "4")).toEqual([{ op: "set", path: at("max_attempts"), value: 4 }]);
    expect(fieldEdits("j", {}, attempts, "four")).toEqual([{ op: "set", path: at("max_attempts"), value: "four" }]);
  });

  it("knows both forms of backoff", () => {
    expect([shown({ backoff: "10s" }, ["backoff", "initial"]), shown({ backoff: "10s" }, ["backoff", "max"])]).toEqual([
      "10s",
      "",
    ]);
    expect(fieldEdits("j", { backoff: "10s" }, initial, "20s")).toEqual([
      { op: "set", path: at("backoff"), value: "20s" },
    ]);
    expect(fieldEdits("j", { backoff: "10s" }, factor, "3")).toEqual([
      { op: "set", path: at("backoff"), value: { initial: "10s", factor: 3 } },
    ]);
    expect(fieldEdits("j", {}, factor, "3")).toEqual([{ op: "set", path: at("backoff"), value: { factor: 3 } }]);
    expect(fieldEdits("j", { backoff: { initial: "1s", factor: 2 } }, factor, "3")).toEqual([
      { op: "set", path: at("backoff", "factor"), value: 3 },
    ]);
    expect(fieldEdits("j", { backoff: { initial: "1s", factor: 2 } }, factor, "")).toEqual([
      { op: "remove", path: at("backoff", "factor") },
    ]);
    expect(fieldEdits("j", { backoff: { factor: 2 } }, factor, "")).toEqual([{ op: "remove", path: at("backoff") }]);
  });
});

it("changes the way to schedule as a whole", () => {
  expect(scheduleEdits("j", { cron: "0 6 * * *", timezone: "UTC" }, "every")).toEqual([
    { op: "remove", path: at("cron") },
    { op: "remove", path: at("timezone") },
    { op: "set", path: at("every"), value: "1h" },
  ]);
  expect(scheduleEdits("j", { every: "1h" }, "none")).toEqual([{ op: "remove", path: at("every") }]);
  expect(scheduleEdits("j", { every: "1h" }, "every")).toEqual([]);
});

it("writes `enabled` only where it says no", () => {
  expect(enabledEdits("j", {}, false)).toEqual([{ op: "set", path: at("enabled"), value: false }]);
  expect(enabledEdits("j", { enabled: false }, true)).toEqual([{ op: "remove", path: at("enabled") }]);
  expect(enabledEdits("j", {}, true)).toEqual([]);
});
