import { useSyncExternalStore } from "react";

import { currentI18n, type I18n, onLanguage } from "./texts";

/** The texts in the language of the page; what uses it is drawn again when that changes. */
export function useTranslation(): { t: I18n["t"]; i18n: I18n } {
  const i18n = useSyncExternalStore(onLanguage, currentI18n);
  return { t: i18n.t, i18n };
}
