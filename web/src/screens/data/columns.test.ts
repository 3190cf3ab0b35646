import { describe, expect, it } from "vitest";

import { columnsIn, columnsOf } from "./columns";

describe("columnsOf", () => {
  const kinds = (properties: object, rest: object = {}) =>
    Object.fromEntries(columnsOf({ properties, ...rest }).map(({ name, kind }) => [name, kind]));

  it("tells how to show a column by its schema", () => {
    const found = kinds(
      {
        at: { type: ["string", "null"], format: "date-time" },
        page: { type: "string", format: "uri" },
        size: { type: "integer", format: "uint32" },
        share: { type: ["number", "null"] },
        ok: { type: "boolean" },
        level: { anyOf: [{ $ref: "#/$defs/Level" }, { type: "null" }] },
        tags: { type: "array", items: {} },
        more: { $ref: "#/$defs/More" },
        name: { type: "string" },
        any: true,
      },
      { $defs: { Level: { oneOf: [{ const: "a" }, { const: "b" }] }, More: { type: "object" } } },
    );
    expect(found).toEqual({
      at: "time",
      page: "link",
      size: "number",
      share: "number",
      ok: "boolean",
      level: "choice",
      tags: "nested",
      more: "nested",
      name: "text",
      any: "text",
    });
  });

  it("takes the hints, and leaves out those that are none", () => {
    const [ms, odd] = columnsOf({
      properties: {
        ms: { type: "number", title: "Latency", description: "How long.", "x-unit": "ms", "x-hidden": true },
        odd: { type: "string", title: 7, "x-unit": {}, "x-hidden": "yes" },
      },
    });
    expect(ms).toEqual({
      name: "ms",
      title: "Latency",
      description: "How long.",
      kind: "number",
      unit: "ms",
      hidden: true,
    });
    expect(odd).toMatchObject({ title: "odd", unit: undefined, hidden: false });
  });

  it("falls back on the rows when the schema names no columns", () => {
    expect(columnsOf({})).toEqual([]);
    expect(columnsIn([{ a: 1 }, { b: 2, a: 3 }]).map(({ name }) => name)).toEqual(["a", "b"]);
  });
});
