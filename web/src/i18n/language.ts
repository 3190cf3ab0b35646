/** The language of the page and its texts. Without what says them: boot.ts asks for the texts while that is still on its way. */
import type { Part, Texts } from "./parts";

export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

export const STORED = "cascade.language";

/** Only the language that is read is loaded, and of it what the first screen shows before the rest. */
export const TEXTS: Record<Language, Record<Part, () => Promise<{ default: Texts }>>> = {
  en: { first: () => import("./en.json?first"), rest: () => import("./en.json?rest") },
  ru: { first: () => import("./ru.json?first"), rest: () => import("./ru.json?rest") },
};

/** The language that was chosen before, or that of the browser. */
export function wantedLanguage(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return LANGUAGES.find((language) => language === wanted) ?? "en";
}
