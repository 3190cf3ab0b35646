import { expect, it } from "vitest";

import type { JobType } from "../../api/types";
import { fieldsToFind, parted, suggestions } from "./find-fields";

const job = (args_schema: object, output_schema: object = {}) => ({ args_schema, output_schema }) as unknown as JobType;

const invoices = job(
  {
    properties: {
      level: { type: "integer", title: "Level" },
      invoice: { $ref: "#/$defs/invoice" },
      full: { type: ["boolean", "null"] },
      token: { type: "string", format: "password" },
      "odd.name": { type: "string" },
    },
    $defs: {
      invoice: {
        type: "object",
        properties: { id: { type: "integer" }, parent: { $ref: "#/$defs/invoice" }, pin: { writeOnly: true } },
      },
    },
  },
  {
    type: "object",
    properties: {
      new_ids: { type: "array", items: { type: "string" } },
      sources: { type: "array", items: { type: "object", properties: { name: { enum: ["inbox", "chat"] } } } },
    },
  },
);

it("finds fields of any depth, but none that is secret", () => {
  const paths = fieldsToFind([invoices]).map(({ path }) => path);
  for (const path of [
    "args.level",
    "args.invoice.id",
    "args.invoice.parent.parent.id",
    'args["odd.name"]',
    "output.new_ids",
    "output.sources.0.name",
  ]) {
    expect(paths).toContain(path);
  }
  expect(paths.filter((path) => /token|pin/.test(path))).toEqual([]);
  const other = job({ properties: { token: { type: "string" }, level: { type: "string", format: "password" } } });
  expect(fieldsToFind([invoices, other]).filter(({ path }) => /^args\.(token|level)/.test(path))).toEqual([]);
});

it("parts a condition as the host does", () => {
  expect(parted("args.level >= 2")).toEqual({ path: "args.level", operator: ">=", value: "2" });
  expect(parted('args["odd=name"]~a=b')).toEqual({ path: 'args["odd=name"]', operator: "~", value: "a=b" });
  expect(parted("output.note=")).toEqual({ path: "output.note", operator: "=", value: "" });
  expect(parted("args.lev")).toBeUndefined();
});

it("suggests fields by any part of their name, then values", () => {
  const fields = fieldsToFind([invoices]);
  const texts = (typed: string) => suggestions(typed, fields).map(({ text }) => text);
  expect(texts("LEV")).toEqual(["args.level="]);
  expect(texts("sources name")).toEqual(["output.sources.0.name="]);
  expect(texts("new_ids")).toContain("output.new_ids~");
  expect(texts("output.sources.0.name=in")).toEqual(["output.sources.0.name=inbox"]);
  expect(texts("args.full=")).toEqual(["args.full=true", "args.full=false"]);
  expect(texts("nothing like it")).toEqual([]);
});
