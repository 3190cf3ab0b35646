import { expect, it } from "vitest";

import { completions, fieldsOf, itemFieldsOf, joinFieldsOf, listsOf } from "./fields";

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

const invoices = {
  properties: {
    new_ids: { type: "array", items: { type: "string" } },
    items: { type: ["array", "null"], items: { $ref: "#/$defs/Invoice" } },
    total: { type: "number" },
    deep: { properties: { list: { type: "array", items: { properties: { a: {} } } } } },
  },
  $defs: { Invoice: { properties: { id: {}, customer: { properties: { name: {} } } } } },
};

it("offers lists where a list is asked for", () => {
  expect(listsOf(invoices, { properties: { only: { type: "array" } } })).toEqual([
    "output.new_ids",
    "output.items",
    "output.deep.list",
    "args.only",
  ]);
});

it("names the fields of an element if the list is a field", () => {
  const fields = ["item", "item.id", "item.customer", "item.customer.name"];
  expect(itemFieldsOf("output.items", invoices, {})).toEqual(fields);
  expect(itemFieldsOf("output.deep.list", invoices, {})).toEqual(["item", "item.a"]);
  expect(itemFieldsOf("args.list", {}, { properties: { list: { items: { properties: { b: {} } } } } })).toEqual([
    "item",
    "item.b",
  ]);
  expect(itemFieldsOf("output", { type: "array", items: { properties: { c: {} } } }, {})).toEqual(["item", "item.c"]);
  expect(itemFieldsOf("output.items.filter(i, true)", invoices, {})).toEqual(["item"]);
  expect(itemFieldsOf(" ", invoices, {})).toEqual([]);
});

it("names the outputs of the jobs that a join waits for", () => {
  const schema = { $defs: { N: { type: "integer" } }, properties: { new: { $ref: "#/$defs/N" } } };
  const fields = joinFieldsOf([
    ["sync", schema],
    ["two-parts", undefined],
  ]);
  expect(fields.filter((field) => !field.startsWith("run."))).toEqual([
    "output.sync",
    "output.sync.new",
    'output["two-parts"]',
  ]);
});
