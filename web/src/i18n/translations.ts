/**
 * Texts by key, in the format of i18next: sections divided by dots, `{{values}}`, and a form for each category of plurals.
 * What the code asks i18next for is a tenth of it, and each first row would wait for the whole: translations.test.ts holds
 * this to what i18next says.
 */
import type { Texts } from "./parts";

export interface Values {
  /** Chooses the plural. */
  count?: number;
  /** Said as it is where there is no such text. */
  defaultValue?: string;
  [name: string]: unknown;
}

export interface TFunction {
  /** A section as a whole. */
  (key: string, values: { returnObjects: true }): Texts;
  /** A text with its values filled in; the key itself where there is no such text. */
  (key: string, values?: Values): string;
}

const known: Record<string, Texts> = {};
const plurals = new Map<string, Intl.PluralRules>();
const fixed = new Map<string, TFunction>();
const listeners = new Set<() => void>();
let current = "en";

function at(language: string, key: string): string | Texts | undefined {
  let found: string | Texts | undefined = known[language];
  for (const part of key.split("."))
    found = typeof found === "object" && Object.hasOwn(found, part) ? found[part] : undefined;
  return found;
}

function formsOf(language: string, count: number): string[] {
  const rules = plurals.get(language) ?? new Intl.PluralRules(language);
  plurals.set(language, rules);
  return [...(count === 0 ? ["_zero"] : []), `_${rules.select(count)}`];
}

function find(language: string, key: string, { count }: Values): string | Texts | undefined {
  const forms = count === undefined ? [] : formsOf(language, count);
  for (const form of [...forms, ""]) {
    const found = at(language, key + form);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** In one pass: what a value says is not looked at. A value that is not given stays visible. */
const fill = (language: string, text: string, values: Values) =>
  text.replace(/\{\{(\w+)(, number)?\}\}/g, (slot, name: string, isNumber?: string) => {
    if (!Object.hasOwn(values, name)) return slot;
    return isNumber ? new Intl.NumberFormat(language).format(values[name] as number) : String(values[name] ?? "");
  });

function translate(language: string, key: string, values: Values): string | Texts {
  const found = find(language, key, values);
  if (typeof found === "string") return fill(language, found, values);
  return found && values.returnObjects ? found : (values.defaultValue ?? key);
}

function merged(before: Texts, texts: Texts): Texts {
  const all = { ...before };
  for (const [key, text] of Object.entries(texts)) {
    const section = all[key];
    all[key] = typeof section === "object" && typeof text === "object" ? merged(section, text) : text;
  }
  return all;
}

/** Names as in i18next. */
export const i18n = {
  get language() {
    return current;
  },
  t: ((key: string, values: Values = {}) => translate(current, key, values)) as TFunction,
  /** `t` of this language, one for each: what is made with it can be kept as long as it is the same. */
  getFixedT(language: string): TFunction {
    const t = fixed.get(language) ?? (((key, values = {}) => translate(language, key, values)) as TFunction);
    fixed.set(language, t);
    return t;
  },
  exists: (key: string, values: Values = {}) => find(current, key, values) !== undefined,
  /** Adds to what is known of the language. */
  addTexts(language: string, texts: Texts): void {
    known[language] = merged(known[language] ?? {}, texts);
  },
  changeLanguage(language: string): void {
    current = language;
    for (const tell of listeners) tell();
  },
  /** Tells of each change of the language, until what it returns is called. */
  onLanguage(tell: () => void): () => void {
    listeners.add(tell);
    return () => listeners.delete(tell);
  },
};

export type I18n = typeof i18n;
export const { t } = i18n;
