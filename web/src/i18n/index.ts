import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { type Language, STORED, TEXTS } from "./language";

void i18next.use(initReactI18next).init({
  fallbackLng: false,
  showSupportNotice: false,
  resources: {},
  interpolation: { escapeValue: false },
});

/** Until the texts are there, the page stays in the language before. */
export async function readLanguage(language: Language): Promise<void> {
  i18next.addResourceBundle(language, "translation", (await TEXTS[language]()).default);
  await i18next.changeLanguage(language);
  if (typeof document !== "undefined") document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await readLanguage(language);
}
