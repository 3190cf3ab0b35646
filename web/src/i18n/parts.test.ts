import { expect, it } from "vitest";

import { PLACES } from "../places";
import en from "./en.json";
import { partOf, type Texts } from "./parts";
import ru from "./ru.json";
import { usedKeys } from "./used-keys";

const sources = import.meta.glob<string>("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

function keysOf(texts: Texts, path = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [`${path}${key}`] : keysOf(value, `${path}${key}.`),
  );
}

/** What a file imports before it runs, without types; and parts that come later, but do not wait for the rest of the texts. */
const IMPORTS = [
  /^(?:import|export) (?!type )[^;]*?"(\.[^"]+)";/gm,
  /lazyPart(?:<\w+>)?\(\s*\(\) => import\("(\.[^"]+)"\)[^;]*?"first",?\s*\);/g,
];

function closureOf(file: string, all = new Set<string>()): Set<string> {
  const text = sources[file];
  if (text === undefined || all.has(file)) return all;
  all.add(file);
  for (const [, path = ""] of IMPORTS.flatMap((imports) => [...text.matchAll(imports)])) {
    const next = new URL(path, new URL(file, "file:///src/i18n/")).pathname.replace("/src/", "../");
    for (const end of [".ts", ".tsx", "/index.ts"]) closureOf(`${next}${end}`, all);
  }
  return all;
}

/** The screens that have an answer asked for early, as places.ts names them. */
const firstScreens = () =>
  PLACES.filter(({ first }) => first).map(({ load }) => `../${/screens\/[\w/-]+/.exec(`${load}`)?.[0]}.tsx`);

it("divides the texts of a language without losing one", () => {
  for (const texts of [en, ru] as Texts[]) {
    const [first, rest] = [keysOf(partOf(texts, "first")), keysOf(partOf(texts, "rest"))];
    expect([...first, ...rest].sort()).toEqual(keysOf(texts).sort());
    expect(first.length).toBeGreaterThan(100);
    expect(rest.length).toBeGreaterThan(first.length);
  }
});

it("has all that the first screens ask for among the first texts", () => {
  const screens = firstScreens();
  expect(screens).toHaveLength(5);
  expect(screens.filter((screen) => !(screen in sources))).toEqual([]);
  const files = new Set(["../main.tsx", ...screens].flatMap((file) => [...closureOf(file)]));
  expect([...files]).toContain("../screens/graph/graph-view.tsx");
  expect([...files]).toContain("../screens/runs/histogram/run-histogram.tsx");
  const rest = keysOf(partOf(en, "rest")).map((key) => key.replace(/_(one|other)$/, ""));
  const late = [...files].flatMap((file) => {
    const { keys, patterns, texts } = usedKeys(file, sources[file] ?? "");
    return rest
      .filter((key) => keys.has(key) || texts.has(key) || patterns.some((pattern) => pattern.test(key)))
      .map((key) => `${file}: ${key}`);
  });
  expect(late).toEqual([]);
});
