import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import { Cell } from "./cell";
import type { Column, Kind } from "./columns";

afterEach(cleanup);

function cell(kind: Kind, value: unknown, unit?: string) {
  const column: Column = { name: "c", title: "c", kind, unit, hidden: false };
  return render(<Cell column={column} value={value} />).container;
}

it("shows figures with their unit, and nothing as a dash", () => {
  expect(cell("number", 1234.5678, "ms").textContent).toBe("1,234.568\u00a0ms");
  expect(cell("number", null).textContent).toBe("–");
});

it("links web addresses alone", () => {
  expect(cell("link", "https://a.example/x").querySelector("a")?.getAttribute("href")).toBe("https://a.example/x");
  for (const other of ["javascript:alert(1)", "data:text/html,x", " https://a", "/jobs"]) {
    const shown = cell("link", other);
    expect([shown.querySelector("a"), shown.textContent]).toEqual([null, other]);
  }
});

it("shows a time by its distance, the whole of it in the title, and what is none as it is", () => {
  const time = cell("time", new Date(Date.now() - 65_000).toISOString()).querySelector("time");
  expect(time?.textContent).toBe("1 min. ago");
  expect(time?.title).toMatch(/20\d\d/);
  expect(cell("time", "soon").textContent).toBe("soon");
});

it("shortens what is long, with the whole in the title", () => {});

it("shows a value that does not fit its schema as it is", () => {
  expect(cell("number", "many").textContent).toBe("many");
  expect(cell("time", 5).textContent).toBe("5");
});

it("counts what is nested, and shows plain lists as badges", () => {
  expect(cell("nested", { a: 1, b: 2 }).textContent).toBe("2 fields");
  expect(cell("nested", [{ a: 1 }]).textContent).toBe("1 item");
  expect([...cell("list", ["new_mail", "b", "c", "d"]).querySelectorAll(".pill")].map((e) => e.textContent)).toEqual([
    "new_mail",
    "b",
    "c",
  ]);
});

it("colors words that mean the same everywhere, and says the others in plain", () => {
  const tone = (value: string) => cell("choice", value).querySelector<HTMLElement>(".pill")?.dataset.tone;
  expect([tone("failed"), tone("ok"), tone("degraded"), tone("blue")]).toEqual(["bad", "good", "fair", undefined]);
});
