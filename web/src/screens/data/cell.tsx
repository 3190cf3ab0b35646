import { useTranslation } from "react-i18next";

import { relative } from "../../i18n/time";
import type { Column } from "./columns";

const LONGEST = 120;
const FRACTION_DIGITS = 3;

/** A value as its column's schema says to show it; one that does not fit the schema as it is. */
export function Cell({ column, value }: { column: Column; value: unknown }) {
  const { t, i18n } = useTranslation();
  if (value === null || value === undefined) return <>–</>;
  if (typeof value === "boolean") {
    return (
      <span className="pill" data-tone={value ? "good" : "rest"}>
        {t(value ? "form.yes" : "form.no")}
      </span>
    );
  }
  if (typeof value === "number" && column.kind !== "choice") {
    return <>{numbered(value, column.unit, i18n.language)}</>;
  }
  if (typeof value === "object") {
    const whole = JSON.stringify(value);
    return (
      <code className="nested" title={JSON.stringify(value, null, 1)}>
        {shortened(whole)}
      </code>
    );
  }
  const words = String(value);
  if (column.kind === "choice") return <span className="pill">{words}</span>;
  if (column.kind === "time") {
    const at = Date.parse(words);
    if (Number.isNaN(at)) return words;
    const full = new Intl.DateTimeFormat(i18n.language, { dateStyle: "long", timeStyle: "long" });
    return (
      <time dateTime={words} title={full.format(at)}>
        {relative(at - Date.now(), i18n.language)}
      </time>
    );
  }
  if (column.kind === "link" && isWebAddress(words)) {
    return (
      <a href={words} target="_blank" rel="noreferrer noopener" title={words}>
        {shortened(words.replace(/^https?:\/\//i, ""))}
      </a>
    );
  }
  return words.length > LONGEST ? <span title={words}>{shortened(words)}</span> : words;
}

export function numbered(value: number, unit: string | undefined, language: string): string {
  const figures = new Intl.NumberFormat(language, { maximumFractionDigits: FRACTION_DIGITS }).format(value);
  return unit ? `${figures}\u00a0${unit}` : figures;
}

/** Nothing but http and https: an address such as `javascript:` would act in the reader's name. */
function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
