/** The language of the page and its texts. Without i18next: boot.ts asks for the texts while that is still on its way. */

export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

export const STORED = "cascade.language";

/** Only the language that is read is loaded. */
export const TEXTS = { en: () => import("./en.json"), ru: () => import("./ru.json") };

/** The language that was chosen before, or that of the browser. */
export function wantedLanguage(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return LANGUAGES.find((language) => language === wanted) ?? "en";
}
