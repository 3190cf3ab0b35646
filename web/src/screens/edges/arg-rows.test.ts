import { expect, it } from "vitest";

import { type ArgRow, argsOf, kindOf, optionsOf, rowsOf, takesOf } from "./arg-rows";

const takes = takesOf({
  properties: {
    invoice: { type: "string" },
    level: { type: "integer" },
    loud: { type: ["boolean", "null"] },
    ratio: { type: "number" },
    tags: { type: "array" },
    kind: { enum: ["a", "b"] },
  },
  required: ["invoice", "level"],
  additionalProperties: false,
});

const row = (part: Partial<ArgRow>): ArgRow => ({ id: 0, name: "invoice", as: "expression", text: "", ...part });
const read = (part: Partial<ArgRow>) => {
  const { args, faults } = argsOf([row(part)], takes);
  return faults.get(0) ?? Object.values(args)[0];
};

it("shows args by what they are, and offers those that are needed", () => {
  const rows = rowsOf({ tags: [1], invoice: '"inv-7"', ratio: "output.ratio" }, takes);
  expect(rows.map(({ name, as, text }) => [name, as, text])).toEqual([
    ["tags", "value", "[1]"],
    ["invoice", "value", "inv-7"],
    ["ratio", "expression", "output.ratio"],
    ["level", "expression", ""],
  ]);
  expect(rowsOf(undefined, takes).map(({ name }) => name)).toEqual(["invoice", "level"]);
});

it("keeps what has not been touched as the file has it", () => {
  const args = { invoice: 7, level: '"two"', loud: "'x' == 'y'", kind: '"with \\" a quote"' };
  expect(argsOf(rowsOf(args, takes), takes).args).toEqual(args);
});

it("writes values as the schema has them, and texts as expressions", () => {
  expect(read({ as: "value", text: 'say "so"' })).toBe('"say \\"so\\""');
  expect(read({ text: " item " })).toBe("item");
  expect(read({ name: "level", as: "value", text: "2" })).toBe(2);
  expect(read({ name: "loud", as: "value", text: "true" })).toBe(true);
  expect(read({ name: "ratio", as: "value", text: "0.5" })).toBe(0.5);
  expect(read({ name: "tags", as: "value", text: '["x"]' })).toEqual(["x"]);
  expect(read({ name: "kind", as: "value", text: "a" })).toBe('"a"');
});

it("says what is wrong with a row", () => {
  const faults = [
    read({}),
    read({ name: " ", text: "x" }),
    read({ name: "other", text: "x" }),
    read({ name: "level", as: "value", text: "2.5" }),
    read({ name: "level", as: "value", text: "99999999999999999999" }),
    read({ name: "ratio", as: "value", text: "much" }),
    read({ name: "loud", as: "value", text: "yes" }),
    read({ name: "tags", as: "value", text: "[1" }),
    read({ name: "tags", as: "value", text: "null" }),
  ];
  const told = ["missing", "no_name", "unknown", "integer", "integer", "number", "boolean", "json", "null"];
  expect(faults).toEqual(told);
  const twice = argsOf([row({ text: "a" }), row({ id: 1, text: "b" })], takes);
  expect([twice.args, [...twice.faults]]).toEqual([{ invoice: "a" }, [[1, "twice"]]]);
  expect(argsOf([row({ name: "", text: "" })], takes)).toEqual({ args: {}, faults: new Map() });
  expect(argsOf([row({ name: "anything", text: "1" })], takesOf(true)).args).toEqual({ anything: "1" });
});

it("knows the kinds of values", () => {
  const schema = (name: string) => takes.args.find(([each]) => each === name)?.[1] ?? {};
  expect(["invoice", "loud", "tags", "kind"].map((name) => kindOf(schema(name)))).toEqual([
    "string",
    "boolean",
    "json",
    "string",
  ]);
  expect([optionsOf(schema("kind")), optionsOf(schema("loud")), optionsOf({})]).toEqual([
    ["a", "b"],
    ["true", "false"],
    [],
  ]);
});
