import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

import { leaks, subjects } from "./sheets";

// Vitest gives a stylesheet as an empty text, so only the names come from it.
const names = Object.keys(import.meta.glob("../**/*.css"));
const sheets = Object.fromEntries(names.map((name) => [name, readFileSync(join("src/lint", name), "utf8")]));

it("no screen's stylesheet reaches into another screen", () => {
  expect(Object.values(sheets).flatMap(subjects).length).toBeGreaterThan(100);
  expect(leaks(sheets)).toEqual([]);
});

it("finds selectors of elements and of foreign classes, also within a media query", () => {
  const found = leaks({
    "/layout/a.css": ".icon { color: red }",
    "/screens/b/b.css": "@media (width > 1px) { dialog, .b > td { top: 0 } } .icon svg { top: 0 }",
  });
  expect(found).toEqual([
    "/screens/b/b.css: dialog is for elements of all screens",
    "/screens/b/b.css: .icon svg begins with a class of /layout",
  ]);
  expect(subjects("@keyframes x { from { top: 0 } } .a:is(.b, .c), [data-x] y { top: 0 }")).toEqual([
    { selector: ".a:is(.b, .c)", first: ".a" },
    { selector: "[data-x] y", first: "[data-x]" },
  ]);
});
