import { LANGUAGES, type Language, STORED, TEXTS } from "./language";
import type { Part } from "./parts";
import { i18n } from "./translations";

/** Whether more is drawn than the first screens. */
let whole = false;

async function read(language: Language, part: Part): Promise<void> {
  i18n.addTexts(language, (await TEXTS[language][part]()).default);
}

/** Until the texts are there, the page stays in the language before. */
export async function readLanguage(language: Language): Promise<void> {
  await Promise.all([read(language, "first"), whole && read(language, "rest")]);
  i18n.changeLanguage(language);
  if (typeof document !== "undefined") document.documentElement.lang = language;
}

let rest: Promise<void> | undefined;

/** The texts that the first screens do without: what is drawn later waits for them. */
export function readRest(): Promise<void> {
  whole = true;
  const language = LANGUAGES.find((language) => language === i18n.language) ?? "en";
  rest ??= read(language, "rest").catch((error: unknown) => {
    rest = undefined;
    throw error;
  });
  return rest;
}

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await readLanguage(language);
}
