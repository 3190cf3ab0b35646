import { expect, it } from "vitest";

import type { View } from "../../api/types";
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
  expect(filters[1]?.choices).toEqual(["new", "old"]);
  expect([filters[3]?.step, filters[4]?.step]).toEqual([1, "any"]);
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
