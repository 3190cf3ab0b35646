import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { LANGUAGES, type Language, STORED, TEXTS } from "./language";
import type { Part } from "./parts";

void i18next.use(initReactI18next).init({
  fallbackLng: false,
  showSupportNotice: false,
  resources: {},
  interpolation: { escapeValue: false },
});

/** Whether more is drawn than the first screens. */
let whole = false;

async function read(language: Language, part: Part): Promise<void> {
  i18next.addResourceBundle(language, "translation", (await TEXTS[language][part]()).default, true);
}

/** Until the texts are there, the page stays in the language before. */
export async function readLanguage(language: Language): Promise<void> {
  await Promise.all([read(language, "first"), whole && read(language, "rest")]);
  await i18next.changeLanguage(language);
  if (typeof document !== "undefined") document.documentElement.lang = language;
}

let rest: Promise<void> | undefined;

/** The texts that the first screens do without: what is drawn later waits for them. */
export function readRest(): Promise<void> {
  whole = true;
  const language = LANGUAGES.find((language) => language === i18next.language) ?? "en";
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
