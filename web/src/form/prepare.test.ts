import { describe, expect, it } from "vitest";

import { prepared, takesNothing, withoutNulls } from "./prepare";

const property = (schema: object, root: object = {}) =>
  (prepared({ type: "object", properties: { it: schema }, ...root }).properties as { it: Record<string, unknown> }).it;

describe("prepared", () => {
  it("makes one list of an enumeration in parts", () => {
    const oneOf = [
      { type: "string", enum: ["a"] },
      { type: "string", const: "b", description: "Second." },
    ];
    expect(property({ oneOf }).oneOf).toEqual([
      { const: "a", title: "a" },
      { const: "b", title: "b: Second." },
    ]);
  });

  it("only suggests presets within what may be absent", () => {
    const root = { $defs: { Pause: { type: "object", properties: { ms: { type: "integer", default: 5 } } } } };
    const { $defs, properties } = prepared({
      type: "object",
      properties: {
        must: { $ref: "#/$defs/Pause" },
        may: { anyOf: [{ $ref: "#/$defs/Pause" }, { type: "null" }] },
      },
      ...root,
    }) as Record<string, Record<string, { $ref: string; properties: object }>>;
    const of = (name: string) => $defs?.[properties?.[name]?.$ref.replace("#/$defs/", "") ?? ""]?.properties;
    expect(of("must")).toEqual({ ms: { type: "integer", default: 5 } });
    expect(of("may")).toEqual({ ms: { type: "integer", examples: [5] } });
  });

  it("leaves to JSON what has no field of its own", () => {
    for (const schema of [
      {},
      { description: "Any." },
      { type: "object" },
      { type: ["string", "integer"] },
      { type: "array" },
    ]) {
      expect(property(schema), JSON.stringify(schema)).toHaveProperty("x-json", true);
    }
    for (const schema of [{ type: "string" }, { type: "object", additionalProperties: { type: "integer" } }]) {
      expect(property(schema), JSON.stringify(schema)).not.toHaveProperty("x-json");
    }
  });

  it("calls alternatives with data by their tag or their only property", () => {
    const tagged = { type: "object", properties: { kind: { type: "string", const: "mail" }, to: { type: "string" } } };
    const outer = { type: "object", properties: { Chat: { type: "object", properties: {} } } };
    const oneOf = property({ oneOf: [tagged, outer] }).oneOf as { title: string }[];
    expect(oneOf.map(({ title }) => title)).toEqual(["mail", "Chat"]);
  });
});

it("knows a job that takes nothing", () => {
  expect(takesNothing({ type: "null" })).toBe(true);
  expect(takesNothing({ type: "object", additionalProperties: false })).toBe(true);
  expect(takesNothing({})).toBe(false);
  expect(takesNothing({ type: "object", properties: { a: {} }, additionalProperties: false })).toBe(false);
});

it("null is what is left out", () => {
  expect(withoutNulls({ a: null, b: [{ c: null, d: 0 }] })).toEqual({ b: [{ d: 0 }] });
});
