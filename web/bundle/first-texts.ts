/** Which texts a first screen shows: those that the code asks for which is loaded with it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { Part, Texts } from "../src/i18n/parts.ts";
import { type Used, usedKeys } from "../src/i18n/used-keys.ts";
import { FIRST_SCREENS } from "./first-load.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a file imports before it runs, without types; and parts that come later, but with no texts besides the screen's. */
const IMPORTS = [
  /^(?:import|export) (?!type )[^;]*?"(\.[^"]+)";/gm,
  /lazyPart(?:<\w+>)?\(\s*\(\) => import\("(\.[^"]+)"\)[^;]*?"of-screen",?\s*\);/g,
];

/** The file, and what it imports. */
function closureOf(file: string, all = new Set<string>()): Set<string> {
  if (all.has(file)) return all;
  all.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, path = ""] of IMPORTS.flatMap((imports) => [...text.matchAll(imports)]))
    for (const end of [".ts", ".tsx", "/index.ts"]) {
      const next = resolve(dirname(file), path) + end;
      if (existsSync(next)) closureOf(next, all);
    }
  return all;
}

/** The files from which the texts of a part are: all parts have those of the frame. */
export function filesOf(part: Part): Set<string> {
  const files = closureOf(here("../src/main.tsx"));
  const screen = FIRST_SCREENS.find((screen) => screen.endsWith(`/${part}`));
  return screen ? closureOf(here(`../src/screens/${screen}.tsx`), files) : files;
}

const PLURAL = /_(zero|one|two|few|many|other)$/;

/** The texts of these keys, without the form of a plural. */
function textsOf(texts: Texts, isKept: (key: string) => boolean, within = ""): Texts {
  const kept = Object.entries(texts).flatMap(([name, value]) => {
    const key = `${within}${name}`;
    if (typeof value === "string") return isKept(key) || isKept(key.replace(PLURAL, "")) ? [[name, value]] : [];
    const inner = textsOf(value, isKept, `${key}.`);
    return Object.keys(inner).length > 0 ? [[name, inner]] : [];
  });
  return Object.fromEntries(kept) as Texts;
}

/** These texts, or a part of them. */
export function partOf(texts: Texts, part: Part): Texts {
  const used = [...filesOf(part)].map((file) => usedKeys(file, readFileSync(file, "utf8")));
  const asks =
    (key: string) =>
    ({ keys, texts, patterns }: Used) =>
      keys.has(key) || texts.has(key) || patterns.some((pattern) => pattern.test(key));
  if (part !== "rest") return textsOf(texts, (key) => used.some(asks(key)));
  return without(texts, partOf(texts, "frame"));
}

function without(texts: Texts, others: Texts): Texts {
  const left = Object.entries(texts).flatMap(([name, value]) => {
    const other = others[name];
    if (typeof value === "string") return other === undefined ? [[name, value]] : [];
    const inner = typeof other === "object" ? without(value, other) : value;
    return Object.keys(inner).length > 0 ? [[name, inner]] : [];
  });
  return Object.fromEntries(left) as Texts;
}
