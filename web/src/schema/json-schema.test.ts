import { describe, expect, it } from "vitest";

import { choices, properties, resolved } from "./json-schema";

const ROOT = {
  $defs: {
    Level: { description: "A level.", type: "string", enum: ["low", "high"] },
    "a/b": { type: "integer" },
    Loop: { $ref: "#/$defs/Loop" },
  },
};

describe("resolved", () => {
  it("follows a reference, and its own words win", () => {
    const schema = resolved({ $ref: "#/$defs/Level", description: "How loud." }, ROOT);
    expect(schema).toEqual({ type: "string", enum: ["low", "high"], description: "How loud." });
    expect(resolved({ $ref: "#/$defs/a~1b" }, ROOT)).toEqual({ type: "integer" });
  });

  it("takes null out of a type, of anyOf and of what a reference leads to", () => {
    expect(resolved({ type: ["string", "null"], format: "uri" }, ROOT)).toEqual({ type: "string", format: "uri" });
    const optional = { anyOf: [{ $ref: "#/$defs/Level" }, { type: "null" }], title: "Level" };
    expect(resolved(optional, ROOT)).toMatchObject({ type: "string", enum: ["low", "high"], title: "Level" });
    const several = { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] };
    expect(resolved(several, ROOT)).toEqual({ anyOf: [{ type: "string" }, { type: "integer" }] });
  });

  it("comes back from what leads nowhere and from what leads to itself", () => {
    expect(resolved({ $ref: "#/$defs/None", title: "T" }, ROOT)).toEqual({ title: "T" });
    expect(resolved({ $ref: "https://elsewhere/x" }, ROOT)).toEqual({});
    expect(resolved({ $ref: "#/$defs/Loop" }, ROOT)).toEqual({});
    expect(resolved(true, ROOT)).toEqual({});
  });
});

describe("choices", () => {
  it("reads an enumeration however it is written", () => {
    expect(choices({ enum: ["a", "b"] })).toEqual([{ value: "a" }, { value: "b" }]);
    const mixed = {
      oneOf: [
        { const: "a", description: "First." },
        { type: "string", enum: ["b", "c"] },
      ],
    };
    expect(choices(mixed)).toEqual([{ value: "a", description: "First." }, { value: "b" }, { value: "c" }]);
  });

  it("is not fooled by alternatives that carry data", () => {
    const tagged = { properties: { kind: { const: "a" } }, const: undefined };
    expect(choices({ oneOf: [{ const: "x" }, tagged] })).toBeUndefined();
    expect(choices({ anyOf: [{ type: "string" }, { type: "integer" }] })).toBeUndefined();
  });
});

it("properties come resolved and in their order", () => {
  const schema = { ...ROOT, properties: { z: { $ref: "#/$defs/Level" }, a: true } };
  expect(properties(schema).map(([name, { type }]) => [name, type])).toEqual([
    ["z", "string"],
    ["a", undefined],
  ]);
  expect(properties(null)).toEqual([]);
  expect(properties({ properties: [1] })).toEqual([]);
});
