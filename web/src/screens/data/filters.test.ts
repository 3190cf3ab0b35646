import { expect, it } from "vitest";

import type { View } from "../../api/types";
import { columnsOf } from "./columns";
import { filtersOf } from "./filters";
import { read } from "./use-view-query";

const SCHEMA = {
  properties: {
    search: { type: ["string", "null"], title: "Search", description: "Words." },
    status: { anyOf: [{ $ref: "#/$defs/Status" }, { type: "null" }] },
    open: { type: ["boolean", "null"] },
    min: { type: ["integer", "null"], format: "int32" },
    share: { type: "number" },
    since: { type: ["string", "null"], format: "date-time" },
  },
  $defs: { Status: { type: "string", enum: ["new", "old"] } },
};

it("makes an input of each property", () => {
  const filters = filtersOf(SCHEMA);
  expect(filters.map(({ name, kind }) => [name, kind])).toEqual([
    ["search", "text"],
    ["status", "choice"],
    ["open", "boolean"],
    ["min", "number"],
    ["share", "number"],
    ["since", "time"],
  ]);
  expect(filters[0]).toMatchObject({ title: "Search", description: "Words." });
  expect(filters[1]?.choices).toEqual([
    { value: "new", title: "New" },
    { value: "old", title: "Old" },
  ]);
  expect(filters.map(({ title }) => title)).toEqual(["Search", "Status", "Open", "Min", "Share", "Since"]);
  expect([filters[3]?.step, filters[4]?.step]).toEqual([1, "any"]);
});

it("offers the values of the column that it is named after", () => {
  const filter = { properties: { level: { type: ["string", "null"] }, text: { type: "string" } } };
  const rows = { properties: { level: { type: "string", enum: ["low", "very_high"] }, text: { type: "string" } } };
  const [level, words] = filtersOf(filter, columnsOf(rows));
  expect(level).toMatchObject({
    kind: "choice",
    choices: [
      { value: "low", title: "Low" },
      { value: "very_high", title: "Very high" },
    ],
  });
  expect(words?.kind).toBe("text");
});

it("reads of an address only what the view knows", () => {
  const view = { filter_schema: SCHEMA, sortable: ["at"] } as unknown as View;
  const of = (address: string) => read(new URLSearchParams(address), view);
  expect(of("page=3&sort=-at&filter.search=late&filter.gone=1&search=x")).toEqual({
    page: 3,
    sort: "-at",
    filters: { search: "late" },
  });
  expect(of("page=-2&sort=secret")).toEqual({ page: 1, sort: "", filters: {} });
  expect(of("page=x")).toMatchObject({ page: 1 });
});
