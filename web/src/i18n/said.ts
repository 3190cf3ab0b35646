import { useTranslation } from "#i18n";
import type { Told } from "../api/types";
import { fullTimeOf } from "./time";
import type { I18n } from "./translations";

/** Values that are times, as the host writes them: `2026-11-29 05:00:40 UTC`. */
const TIMES: ReadonlySet<string> = new Set(["at", "until"]);

/** The key of a sentence: its code and the names of its values. Where a later host has another one, there is none. */
export const keyOf = ({ code, values, parts }: Told): string =>
  [code, ...Object.keys(values).sort(), ...(parts.length > 0 ? ["why"] : [])].join("_");

/** A sentence of the host in the language of the page; in English where it is not known here. */
export function said(told: Told, i18n: I18n): string {
  const { t, language } = i18n;
  const why = told.parts.map((part) => said(part, i18n)).join("; ");
  if (told.code === "") return why || told.text;
  const { count, ...values } = told.values;
  const shown: Record<string, string | number> = { why };
  for (const [name, value] of Object.entries(values)) {
    const time = TIMES.has(name) ? Date.parse(value.replace(" UTC", "Z").replace(" ", "T")) : NaN;
    shown[name] = Number.isNaN(time) ? value : fullTimeOf(language).format(time);
  }
  if (told.values.state !== undefined) shown.state = t(`jobs.run_states.${told.values.state}`);
  if (count !== undefined) shown.count = Number(count);
  const key = keyOf(told);
  return i18n.exists(`said.${key}`, shown) ? t(`said.${key}`, shown) : told.text;
}

/** As {@link said}; without what it is made of, `text` is all there is. */
export function useSaid(): (told: Told | null | undefined, text?: string | null) => string {
  const { i18n } = useTranslation();
  return (told, text) => (told ? said(told, i18n) : (text ?? ""));
}
