import { type Language, STORED, TEXTS, wantedLanguage } from "./language";
import type { Part } from "./parts";
import { i18n } from "./translations";

/** The parts that what is drawn needs, in any language. */
const needed = new Set<Part>();
/** What is known by now: `en-frame`. */
const known = new Set<string>();
/** The language that is asked for. */
let asked: Language | undefined;

async function read(language: Language, part: Part): Promise<void> {
  if (known.has(`${language}-${part}`)) return;
  i18n.addTexts(language, (await TEXTS[language][part]()).default);
  known.add(`${language}-${part}`);
}

/** Until the texts are there, the page stays in the language before. `part` is what is drawn first. */
export async function readLanguage(language: Language, part: Part = "frame"): Promise<void> {
  asked = language;
  if (needed.size === 0) needed.add(part);
  const parts: Iterable<Part> = needed.has("rest") ? ["frame", "rest"] : needed;
  await Promise.all([...parts].map((part) => read(language, part)));
  i18n.changeLanguage(language);
  if (typeof document !== "undefined") document.documentElement.lang = language;
}

/** The texts that something is drawn with which waits for them. With the rest of the texts it has all. */
export async function readTexts(part: Part): Promise<void> {
  const wanted = needed.has("rest") ? "rest" : part;
  needed.add(part);
  await read(asked ?? wantedLanguage(), wanted);
}

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await readLanguage(language);
}
