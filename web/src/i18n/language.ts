/** The language of the page and its texts. Without what says them: boot.ts asks for the texts while that is still on its way. */
import type { Part, Texts } from "./parts";

export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

export const STORED = "cascade.language";

/** Only the language that is read is loaded, and of it what the first screen shows before the rest. */
export const TEXTS: Record<Language, Record<Part, () => Promise<{ default: Texts }>>> = {
  en: {
    frame: () => import("./en.json?frame"),
    rest: () => import("./en.json?rest"),
    "control-tower": () => import("./en.json?control-tower"),
    jobs: () => import("./en.json?jobs"),
    "graph-screen": () => import("./en.json?graph-screen"),
    "runs-screen": () => import("./en.json?runs-screen"),
    problems: () => import("./en.json?problems"),
  },
  ru: {
    frame: () => import("./ru.json?frame"),
    rest: () => import("./ru.json?rest"),
    "control-tower": () => import("./ru.json?control-tower"),
    jobs: () => import("./ru.json?jobs"),
    "graph-screen": () => import("./ru.json?graph-screen"),
    "runs-screen": () => import("./ru.json?runs-screen"),
    problems: () => import("./ru.json?problems"),
  },
};

/** The language that was chosen before, or that of the browser. */
export function wantedLanguage(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return LANGUAGES.find((language) => language === wanted) ?? "en";
}
