import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./en.json";
import ru from "./ru.json";

export const LANGUAGES = ["en", "ru"] as const;
const STORED = "cascade.language";

const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);

void i18next.use(initReactI18next).init({
  lng: LANGUAGES.find((language) => language === wanted) ?? "en",
  fallbackLng: "en",
  showSupportNotice: false,
  resources: { en: { translation: en }, ru: { translation: ru } },
  interpolation: { escapeValue: false },
});
document.documentElement.lang = i18next.language;
i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
  localStorage.setItem(STORED, language);
});
