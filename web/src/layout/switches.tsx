import { Moon, Sun } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { changeLanguage } from "../i18n";
import { LANGUAGES } from "../i18n/language";
import { loaded } from "./lazy-part";

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const other = LANGUAGES.find((language) => language !== i18n.language) ?? "en";
  return (
    <button
      type="button"
      className="ghost"
      data-testid="language-switch"
      aria-label={`${t("language")}: ${other.toUpperCase()}`}
      onClick={() => void loaded(() => changeLanguage(other)).catch(() => {})}
    >
      {other.toUpperCase()}
    </button>
  );
}

const stored = localStorage.getItem("cascade.theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
// Before anything is drawn.
document.documentElement.dataset.theme = stored ?? (prefersDark ? "dark" : "light");

export function ThemeSwitch() {
  const { t } = useTranslation();
  const [dark, setDark] = useState(document.documentElement.dataset.theme === "dark");
  const toggle = () => {
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("cascade.theme", theme);
    setDark(!dark);
  };
  const label = t(dark ? "theme.light" : "theme.dark");
  return (
    <button type="button" className="ghost icon" aria-label={label} title={label} onClick={toggle}>
      {dark ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </button>
  );
}
