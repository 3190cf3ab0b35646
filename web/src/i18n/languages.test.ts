import { expect, it } from "vitest";

import en from "./en.json";
import ru from "./ru.json";
import { type Used, usedKeys } from "./used-keys";

const PLURAL = /_(zero|one|two|few|many|other)$/;

function entries(tree: object, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? entries(value as object, `${path}${key}.`)
      : [[`${path}${key}`, String(value)] as [string, string]],
  );
}

/** What is left of `x_few`, if there is an `x_other`: every language has that form. */
function stem(key: string, all: Set<string>): string {
  const stem = key.replace(PLURAL, "");
  return all.has(`${stem}_other`) ? stem : key;
}

/** Plural forms differ by language: `x_one`, `x_few` ... count as `x`. */
function keys(tree: object): string[] {
  const all = new Set(entries(tree).map(([key]) => key));
  return [...new Set([...all].map((key) => stem(key, all)))].sort();
}

const sources = import.meta.glob(["../**/*.{ts,tsx}", "!../**/*.test.{ts,tsx}"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const used = Object.entries(sources).map(([name, text]) => [name, usedKeys(name, text as string)] as const);
const fits = ({ patterns }: Used, key: string) => patterns.some((pattern) => pattern.test(key));
/** A key may name a whole branch, by `returnObjects`. */
const under = (branch: string, key: string) => key === branch || key.startsWith(`${branch}.`);

it("every text exists in both languages", () => {
  expect(keys(ru)).toEqual(keys(en));
});

it("no text is empty", () => {
  expect([...entries(en), ...entries(ru)].filter(([, text]) => text.trim() === "")).toEqual([]);
});

it("both languages fill in the same values", () => {
  const slots = (tree: object) => {
    const found = new Map<string, Set<string>>();
    const all = new Set(entries(tree).map(([key]) => key));
    for (const [key, text] of entries(tree)) {
      const of = found.get(stem(key, all)) ?? new Set();
      for (const [, slot] of text.matchAll(/\{\{(\w+)/g)) if (slot) of.add(slot);
      found.set(stem(key, all), of);
    }
    return Object.fromEntries([...found].map(([key, of]) => [key, [...of].sort()]));
  };
  expect(slots(ru)).toEqual(slots(en));
});

it("every plural has all forms of its language", () => {
  for (const [language, tree] of Object.entries({ en, ru })) {
    const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const all = new Set(entries(tree).map(([key]) => key));
    const stems = new Set([...all].filter((key) => key !== stem(key, all)).map((key) => stem(key, all)));
    const missing = [...stems].flatMap((stem) =>
      wanted.map((form) => `${stem}_${form}`).filter((key) => !all.has(key)),
    );
    expect(missing, language).toEqual([]);
  }
});

it("every key that the code asks for exists", () => {
  const known = keys(en);
  const missing = used.flatMap(([name, { keys }]) =>
    [...keys].filter((key) => !known.some((each) => under(key, each))).map((key) => `${name}: ${key}`),
  );
  expect(missing).toEqual([]);
  const empty = used.flatMap(([name, { patterns }]) =>
    patterns.filter((pattern) => !known.some((key) => pattern.test(key))).map((pattern) => `${name}: ${pattern}`),
  );
  expect(empty).toEqual([]);
});

it("the code asks for every key there is", () => {
  const unused = keys(en).filter(
    (key) =>
      !used.some(
        ([, each]) => [...each.keys].some((asked) => under(asked, key)) || each.texts.has(key) || fits(each, key),
      ),
  );
  expect(unused).toEqual([]);
});

it("finds keys in all the ways they are asked for", () => {
  const found = usedKeys("a.tsx", 't("a.b"); i18n.t(x ? "c" : ("d")); t(`e.${f}.g`, { h: 1 }); const k = "later";');
  expect([...found.keys]).toEqual(["a.b", "c", "d"]);
  expect(found.patterns[0]?.test("e.anything.g")).toBe(true);
  expect(found.patterns[0]?.test("e.g")).toBe(false);
  expect(found.texts.has("later")).toBe(true);
});

it("no two states of a job or run have the same word", () => {
  for (const { jobs } of [en, ru]) {
    const words = [jobs.idle, jobs.paused, jobs.disabled, jobs.never, jobs.due, ...Object.values(jobs.run_states)];
    expect(new Set(words).size, words.join(", ")).toBe(words.length);
  }
});

it("the configuration screen has one name wherever a text leads to it", () => {
  expect(en.jobs.edit_params).toContain(en.config.nav);
  expect(ru.jobs.edit_params).toContain(ru.config.nav);
  expect([en.config.title, ru.config.title]).toEqual([en.config.nav, ru.config.nav]);
});
