import { useSyncExternalStore } from "react";

import { type I18n, i18n, type TFunction } from "./translations";

/** The texts in the language of the page, which draws the component again when it changes. */
export function useTranslation(): { t: TFunction; i18n: I18n } {
  const language = useSyncExternalStore(i18n.onLanguage, () => i18n.language);
  return { t: i18n.getFixedT(language), i18n };
}
