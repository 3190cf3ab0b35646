// @vitest-environment happy-dom

import { afterEach, expect, it } from "vitest";
import type { Told } from "../api/types";
import en from "./en.json";
import { keyOf, said } from "./said";
import { i18n } from "./translations";

afterEach(() => i18n.changeLanguage("en"));

const told = (code: string, values: Record<string, string> = {}, parts: Told[] = []): Told => ({
  text: `text of ${code}`,
  code,
  values,
  parts,
});

it("says a sentence with the sentences within it in the language of the page", async () => {
  const not = told("condition_false", { expression: "output.new > 0" });
  const at = "2026-11-29 05:00:40.123456 UTC";
  const edge = told("edge_not_taken", { upstream: "sync", at }, [not]);
  expect(said(edge, i18n)).toMatch(
    /^the latest run of sync \(Nov 29, 2026, .*:40.*\) did not trigger it: output.new > 0 was false$/,
  );
  await i18n.changeLanguage("ru");
  expect(said(edge, i18n)).toMatch(/^последний запуск sync \(29 нояб.*условие output.new > 0 не выполнено$/);
});

it("counts, and has a word for each state", async () => {
  await i18n.changeLanguage("ru");
  expect(said(told("asked_for", { count: "3", by: "ann" }), i18n)).toBe("объединяет 3 запроса, в том числе от ann");
  expect(said(told("unfinished", { state: "available" }), i18n)).toBe("её запуск сейчас: в очереди");
});

it("is the sum of its parts where it has no code", () => {
  const both = told("", {}, [told("not_succeeded", { job: "a" }), told("not_reached", { job: "b", of: "a" })]);
  expect(said(both, i18n)).toBe("a did not succeed; b did not run, as a failed");
});

it("stays in English where the code or its values are not known here", () => {
  expect(said(told("of_a_later_version"), i18n)).toBe("text of of_a_later_version");
  expect(said(told("disabled", { job: "a", more: "b" }), i18n)).toBe("text of disabled");
  expect(said(told(""), i18n)).toBe("text of ");
});

it("has texts that name exactly the values of their keys", () => {
  for (const [key, text] of Object.entries(en.said)) {
    const slots = [...text.matchAll(/\{\{(\w+)/g)].map(([, slot = ""]) => slot);
    const values = slots.filter((slot, at) => slot !== "why" && slots.indexOf(slot) === at).sort();
    const ends = [...values, ...(slots.includes("why") ? ["why"] : [])].map((name) => `_${name}`).join("");
    expect(key.replace(/_(one|other)$/, "").endsWith(ends), `${key}: ${text}`).toBe(true);
  }
});

it("looks for a text by code and values", () => {
  expect(keyOf(told("edge_not_taken", { upstream: "a", at: "" }, [told("x")]))).toBe("edge_not_taken_at_upstream_why");
});
