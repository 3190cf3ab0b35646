import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import type { View } from "../../api/types";
import { DataTable } from "./data-table";

vi.mock("../../layout/project-scope", () => ({
  useProjectScope: () => ({ projects: [{ id: "p1", slug: "one", name: "Project One" }] }),
}));

const VIEW = {
  key: "open_tickets",
  row_schema: {
    properties: {
      id: { type: "string" },
      project_id: { type: "string" },
      tags: { type: "array", items: { type: "string" } },
      subject: { type: "string" },
      status: { type: "string", enum: ["open", "closed"] },
      parts: { type: "array", items: { type: "object" } },
    },
    "x-actions": { close: { status: ["open"] }, reopen: { status: ["closed"] } },
  },
  sortable: [],
  actions: ["close", "reopen"].map((name) => ({ name, description: "", input_schema: { properties: {} } })),
} as unknown as View;

const ROWS = [
  { id: "1", project_id: "p1", subject: "Printer on fire", status: "open", tags: ["a", "b", "c", "d"], parts: [] },
  { id: "2", project_id: "p1", subject: "No paper", status: "closed", tags: [], parts: [{ paper_size: "A4" }] },
];

const show = () =>
  render(
    <DataTable
      view={VIEW}
      rows={ROWS}
      sort=""
      oneProject={false}
      onSort={() => {}}
      onDone={() => {}}
      onFault={() => {}}
    />,
  );
afterEach(cleanup);

it("shows names in place of ids, badges in place of JSON, and the most telling column first", () => {
  show();
  const heads = screen.getAllByRole("columnheader").map(({ textContent }) => textContent);
  expect(heads).toEqual(["Subject", "Project", "Status", "Tags", "Parts", "Actions"]);
  const [first] = screen.getAllByTestId("data-row");
  expect(first?.textContent).toContain("Printer on fireProject OneOpenabc+1");
  expect(document.body.textContent).not.toContain("p1");
  expect(document.body.textContent).not.toContain("[");
});

it("offers of the actions those that apply to the row", () => {
  show();
  const buttons = screen.getAllByTestId("data-row").map((row) =>
    within(row)
      .getAllByRole("button")
      .map(({ textContent }) => textContent),
  );
  expect(buttons).toEqual([
    ["Close", "Details"],
    ["Reopen", "Details"],
  ]);
});

it("opens all of a row beside the table, what is nested in words", () => {
  show();
  fireEvent.click(screen.getByText("No paper"));
  const details = screen.getByTestId("row-details");
  expect(within(details).getByText("Paper size")).toBeTruthy();
  expect(within(details).getByText("A4")).toBeTruthy();
  expect(within(details).queryByText("Tags")).toBeNull();
  expect(within(screen.getByRole("dialog")).getByRole("button", { name: "Reopen" })).toBeTruthy();
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Close" }));
  expect(screen.queryByTestId("row-details")).toBeNull();
});
