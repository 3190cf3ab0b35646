import { describe, expect, it } from "vitest";

import { paramsEdits } from "./params-edits";

const SCHEMA = {
  type: "object",
  properties: {
    host: { type: "string" },
    limit: { type: "integer", default: 10 },
    names: { type: "array", items: { type: "string" }, default: [] },
    pause: { $ref: "#/$defs/Pause" },
  },
  $defs: {
    Pause: { type: "object", properties: { seconds: { type: "number", default: 1.5 }, jitter: { type: "boolean" } } },
  },
};
const edits = (before: unknown, after: unknown) => paramsEdits("j", SCHEMA, before, after);
const at = (...names: string[]) => ["jobs", "j", "params", ...names];

describe("paramsEdits", () => {
  it("changes only what changed", () => {
    expect(edits({ host: "a", limit: 5 }, { host: "b", limit: 5 })).toEqual([
      { op: "set", path: at("host"), value: "b" },
    ]);
    expect(edits({ host: "a", limit: 5 }, { host: "a" })).toEqual([{ op: "remove", path: at("limit") }]);
  });

  it("leaves presets out that the form filled in, but not those that stood there", () => {
    const filled = { host: "a", limit: 10, names: [], pause: { seconds: 1.5 } };
    expect(edits({ host: "a" }, filled)).toEqual([]);
    expect(edits({ host: "a", limit: 5 }, filled)).toEqual([{ op: "set", path: at("limit"), value: 10 }]);
  });

  it("makes a table that was not there at once", () => {
    expect(edits({ host: "a" }, { host: "a", pause: { seconds: 1.5, jitter: true } })).toEqual([
      { op: "set", path: at("pause"), value: { jitter: true } },
    ]);
    expect(edits(undefined, { host: "a", limit: 3 })).toEqual([
      { op: "set", path: at(), value: { host: "a", limit: 3 } },
    ]);
  });

  it("goes into tables that stand there", () => {
    expect(edits({ pause: { seconds: 2 } }, { pause: { seconds: 3 } })).toEqual([
      { op: "set", path: at("pause", "seconds"), value: 3 },
    ]);
  });

  it("keeps the entries of a list that lost or gained some; in another order it is another list", () => {
    expect(edits({ names: ["a", "b"] }, { names: ["b", "c"] })).toEqual([
      { op: "remove_from_list", path: at("names"), value: "a" },
      { op: "add_to_list", path: at("names"), value: "c" },
    ]);
    expect(edits({ names: ["a", "b"] }, { names: ["b", "a"] })).toEqual([
      { op: "set", path: at("names"), value: ["b", "a"] },
    ]);
    expect(edits({ names: ["a"] }, { names: [] })).toEqual([{ op: "set", path: at("names"), value: [] }]);
  });
});
