/** The texts of the page in the language of who reads it. Nothing here needs React: it is there before anything is drawn. */

export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "cascade.language";

interface Texts {
  [key: string]: string | Texts;
}

/** What a text is filled with. `count` also chooses its plural form; `defaultValue` is shown where there is no text. */
export interface Values {
  [name: string]: unknown;
  count?: number | undefined;
  defaultValue?: string | undefined;
}

export type TFunction = (key: string, values?: Values) => string;

/** One language: another object as soon as another one is read. */
export interface I18n {
  readonly language: string;
  /** The text of a key such as `jobs.run_states.failed`; the key itself where there is none. */
  readonly t: TFunction;
  readonly exists: (key: string, values?: Values) => boolean;
  /** All texts directly under a key. */
  readonly branch: (key: string) => Record<string, string>;
}

/** Only the language that is read is loaded. */
const LOAD: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import("./en.json"),
  ru: () => import("./ru.json"),
};

export function inLanguage(language: string, texts: Texts): I18n {
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const at = (key: string): string | Texts | undefined => {
    let found: string | Texts | undefined = texts;
    for (const part of key.split(".")) {
      if (typeof found !== "object") return undefined;
      found = Object.hasOwn(found, part) ? found[part] : undefined;
    }
    return found;
  };
  const textAt = (key: string): string | undefined => {
    const text = at(key);
    return typeof text === "string" ? text : undefined;
  };
  const find = (key: string, { count }: Values): string | undefined =>
    (count === undefined ? undefined : textAt(`${key}_${plurals.select(count)}`)) ?? textAt(key);
  const fill = (text: string, values: Values): string =>
    text.replace(/\{\{(\w+)(, number)?\}\}/g, (_, name: string, number?: string) => {
      const value = values[name];
      return number ? numbers.format(Number(value)) : String(value ?? "");
    });
  return {
    language,
    t: (key, values = {}) => {
      const text = find(key, values) ?? values.defaultValue;
      return text === undefined ? key : fill(text, values);
    },
    exists: (key, values = {}) => find(key, values) !== undefined,
    branch: (key) => {
      const texts = at(key);
      if (typeof texts !== "object") return {};
      return Object.fromEntries(
        Object.entries(texts).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      );
    },
  };
}

const isLanguage = (name: string): name is Language => LANGUAGES.some((language) => language === name);

function wanted(): Language {
  const name = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return isLanguage(name) ? name : "en";
}

let current: I18n = inLanguage("en", {});
let turn = 0;
const listeners = new Set<() => void>();

export const currentI18n = (): I18n => current;

/** For what is said outside of React. */
export const t: TFunction = (key, values) => current.t(key, values);

export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Until the texts are there, the page stays in the language before. */
export async function readLanguage(language: Language): Promise<void> {
  const asked = ++turn;
  const texts = (await LOAD[language]()).default;
  // Another one has been chosen meanwhile.
  if (asked !== turn) return;
  current = inLanguage(language, texts);
  if (typeof document !== "undefined") document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

/** Reads the language that was chosen before, or that of the browser. */
export const loadLanguage = (): Promise<void> => readLanguage(wanted());

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await readLanguage(language);
}
