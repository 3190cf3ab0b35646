import { expect, it } from "vitest";

import en from "./en.json";
import ru from "./ru.json";

/** Plural forms differ by language: `x_one`, `x_few` ... count as `x`. */
function keys(tree: object, path = ""): string[] {
  const own = Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? keys(value as object, `${path}${key}.`)
      : [`${path}${key}`.replace(/_(one|few|many|other)$/, "")],
  );
  return [...new Set(own)].sort();
}

it("every text exists in both languages", () => {
  expect(keys(ru)).toEqual(keys(en));
});

it("no text is empty", () => {
  const empty = (tree: object): boolean =>
    Object.values(tree).some((value) => (typeof value === "string" ? value.trim() === "" : empty(value as object)));
  expect(empty(en) || empty(ru)).toBe(false);
});
