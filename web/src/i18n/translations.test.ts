import { createInstance } from "i18next";
import { expect, it } from "vitest";

import en from "./en.json";
import type { Texts } from "./parts";
import ru from "./ru.json";
import { i18n, type Values } from "./translations";

const COUNTS = [0, 1, 2, 5, 21, 1.5, 1_234_567];
const ABSENT = ["no.such", "no", "error.no.such", "constructor"];

const reference = createInstance({
  fallbackLng: false,
  showSupportNotice: false,
  resources: { en: { translation: en }, ru: { translation: ru } },
  interpolation: { escapeValue: false },
});
await reference.init();

/** The keys by which texts are asked for, with a value for each that they name. */
function askedFor(texts: Texts, path = ""): [key: string, values: Values][] {
  return Object.entries(texts).flatMap(([key, text]): [string, Values][] => {
    if (typeof text !== "string") return askedFor(text, `${path}${key}.`);
    const stem = key.replace(/_(zero|one|two|few|many|other)$/, "");
    const slots = [...text.matchAll(/\{\{(\w+)/g)].map(([, slot = ""]) => [slot, `<${slot} & $&>`]);
    const counts = stem === key ? [{}] : COUNTS.map((count) => ({ count }));
    return counts.map((count) => [path + stem, { ...Object.fromEntries(slots), ...count }]);
  });
}

it.each(["en", "ru"])("says what i18next says, in %s", (language) => {
  const asked = [...askedFor(language === "en" ? en : ru), ...ABSENT.map((key) => [key, { count: 2 }] as const)];
  const [ours, theirs] = [i18n.getFixedT(language), reference.getFixedT(language)];
  for (const [key, values] of asked) expect(ours(key, values), key).toBe(theirs(key, values));
  for (const key of ["session.member", "runs.params.since_by"])
    expect(ours(key, { count: 1 }), key).toBe(theirs(key, { count: 1 }));
  const section = "config.editor.phrases";
  expect(ours(section, { returnObjects: true })).toEqual(theirs(section, { returnObjects: true }));
  expect(asked.length).toBeGreaterThan(1000);
});

it("says a value as it is, also where that looks like a text with values", () => {
  expect(i18n.t("runs.params.since_by", { time: "{{name}}", name: "ann" })).toBe(
    "in force since {{name}}, saved by ann",
  );
});

it("says a default as it is where there is no text", () => {
  const { t } = i18n;
  expect(t("no.such", { defaultValue: "as {{it}} is", it: 1 })).toBe("as {{it}} is");
  expect([i18n.exists("no.such"), i18n.exists("error.away"), i18n.exists("error")]).toEqual([false, true, true]);
});

it("tells of a change of the language until it is no longer asked to", () => {
  const told: string[] = [];
  const stop = i18n.onLanguage(() => told.push(i18n.language));
  i18n.changeLanguage("ru");
  expect(i18n.t("jobs.paused")).toBe(ru.jobs.paused);
  i18n.changeLanguage("en");
  stop();
  i18n.changeLanguage("en");
  expect(told).toEqual(["ru", "en"]);
});

it("has one t for each language", () => {
  expect(i18n.getFixedT("en")).toBe(i18n.getFixedT("en"));
  expect(i18n.getFixedT("en")).not.toBe(i18n.getFixedT("ru"));
});
