import { describe, expect, it } from "vitest";

import { type Column, columnsIn, columnsOf, tableColumns } from "./columns";

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
        tags: { type: "array", items: { type: "string" } },
        parts: { type: "array", items: { type: "object" } },
        sent_at: { type: "string" },
        project_id: { type: "string" },
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
      tags: "list",
      parts: "nested",
      sent_at: "time",
      project_id: "project",
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
    expect(odd).toMatchObject({ title: "Odd", unit: undefined, hidden: false });
  });

  it("falls back on the rows when the schema names no columns", () => {
    expect(columnsOf({})).toEqual([]);
    expect(columnsIn([{ a: 1 }, { b: 2, a: 3 }]).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("names columns in words, and hides ids that only machines read", () => {
    const found = columnsOf({
      properties: {
        id: { type: "string" },
        project_id: { type: "string" },
        message_id: { type: "string" },
        order_id: { type: "string", "x-hidden": false },
        last_message_at: { type: "string" },
        health_url: { type: "string" },
      },
    });
    expect(found.map(({ title, hidden }) => [title, hidden])).toEqual([
      ["ID", true],
      ["Project", false],
      ["Message ID", true],
      ["Order ID", false],
      ["Last message", false],
      ["Health URL", false],
    ]);
  });
});

describe("tableColumns", () => {
  const column = (name: string, kind: Column["kind"] = "text"): Column => ({ name, title: name, kind, hidden: false });
  const names = (columns: Column[]) => columns.map(({ name }) => name);

  it("puts the most telling first, and keeps the schema's order otherwise", () => {
    const all = [
      column("parts", "nested"),
      column("body"),
      column("b"),
      column("a"),
      column("level", "choice"),
      column("title"),
    ];
    expect(names(tableColumns(all, []))).toEqual(["title", "level", "b", "a", "body", "parts"]);
  });

  it("leaves out the project when there is but one, and never everything", () => {
    const all = [column("project_id", "project"), column("a")];
    expect(names(tableColumns(all, [], { oneProject: true }))).toEqual(["a"]);
    expect(names(tableColumns(all, []))).toEqual(["project_id", "a"]);
    expect(names(tableColumns([{ ...column("id"), hidden: true }], []))).toEqual(["id"]);
  });

  it("drops what is empty in all rows when there are too many, but not what the rows are ordered by", () => {
    const all = [..."abcdefghij"].map((name) => column(name));
    const rows = [Object.fromEntries([..."cdefghij"].map((name) => [name, 1]))];
    expect(names(tableColumns(all, rows)).join("")).toBe("cdefghij");
    expect(names(tableColumns(all, rows, { keep: "a" })).join("")).toBe("acdefghi");
    expect(names(tableColumns(all, rows, { keep: "j" })).join("")).toBe("cdefghij");
    const full = [Object.fromEntries([..."abcdefghij"].map((name) => [name, 1]))];
    expect(names(tableColumns(all, full, { keep: "j" })).join("")).toBe("abcdefgj");
  });
});
