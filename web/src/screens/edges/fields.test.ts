import { expect, it } from "vitest";

import { completions } from "./edge-form";
import { fieldsOf } from "./fields";

const output = {
  properties: {
    new: { type: "integer" },
    a: { anyOf: [{ $ref: "#/$defs/A" }, { type: "null" }] },
    "odd-name": {},
  },
  $defs: { A: { properties: { b: {}, again: { $ref: "#/$defs/A" } } } },
};

it("names the fields of output, args and run, through references and null", () => {
  const fields = fieldsOf(output, { properties: { level: {} } });
  expect(fields.slice(0, 4)).toEqual(["output.new", "output.a", "output.a.b", "output.a.again"]);
  expect(fields).toContain('output["odd-name"]');
  expect(fields).toContain("args.level");
  expect(fields).toContain("run.status");
  expect(fieldsOf(undefined, true).every((field) => field.startsWith("run."))).toBe(true);
});

it("completes the last word", () => {
  const fields = ["output.new", "output.old", "run.id"];
  expect(completions("output.n", fields)).toEqual(["output.new"]);
  expect(completions("output.new > 0 && ru", fields)).toEqual(["output.new > 0 && run.id"]);
  expect(completions("run.id", fields)).toEqual([]);
});
