import { describe, expect, it } from "vitest";

import { type Field, fieldEdits, fieldsIn, fieldsOf, flagEdits, isGroup, scheduleEdits, shown } from "./job-edits";

const text = { type: "string", title: "T" };
const FIELDS = fieldsOf({
  type: "object",
  properties: {
    every: text,
    enabled: { type: "boolean", default: true, title: "T" },
    max_attempts: { type: "integer", title: "T" },
    backoff: {
      type: ["string", "object"],
      title: "T",
      "x-alone": "initial",
      properties: { initial: text, max: text, factor: { type: "number", title: "T" } },
    },
    params: { type: "object" },
    limits: { type: "array", items: text, title: "T" },
  },
});
const [every, enabled, attempts, backoff, limits] = FIELDS as [Field, Field, Field, Field, Field];
const [initial, max, factor] = fieldsIn(backoff) as [Field, Field, Field];
const at = (...names: string[]) => ["jobs", "j", ...names];

it("has a field for each key with a title, and groups those of a table", () => {
  expect(FIELDS.map(({ path }) => path.join("."))).toEqual(["every", "enabled", "max_attempts", "backoff", "limits"]);
  expect(FIELDS.filter(isGroup)).toEqual([backoff]);
  expect(max.path).toEqual(["backoff", "max"]);
});

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

  it("writes names between commas as a list", () => {
    expect(shown({ limits: ["api", "gpu"] }, limits)).toBe("api, gpu");
    expect(fieldEdits("j", {}, limits, " api,gpu, ")).toEqual([
      { op: "set", path: at("limits"), value: ["api", "gpu"] },
    ]);
    expect(fieldEdits("j", { limits: ["api"] }, limits, " , ")).toEqual([{ op: "remove", path: at("limits") }]);
    expect(fieldEdits("j", { limits: ["api"] }, limits, "api")).toEqual([]);
  });

  it("knows both forms of backoff", () => {
    expect([shown({ backoff: "10s" }, initial), shown({ backoff: "10s" }, max)]).toEqual(["10s", ""]);
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

it("writes a flag only where it differs from what holds without it", () => {
  expect(flagEdits("j", {}, enabled, false)).toEqual([{ op: "set", path: at("enabled"), value: false }]);
  expect(flagEdits("j", { enabled: false }, enabled, true)).toEqual([{ op: "remove", path: at("enabled") }]);
  expect(flagEdits("j", {}, enabled, true)).toEqual([]);
});
