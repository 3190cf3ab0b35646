import { useTranslation } from "#i18n";

import { relative } from "../../i18n/time";
import { Breakable } from "../../layout/breakable";
import { useProjectScope } from "../../layout/project-scope";
import type { Column } from "./columns";
import { wordOf } from "./titles";

const LONGEST = 120;
const FRACTION_DIGITS = 3;
/** Badges of a list side by side; the rest is counted. */
const MOST_BADGES = 3;

/** Words that mean the same everywhere; any other value of an enumeration has no color. */
const TONES: Record<string, RegExp> = {
  good: /^(ok|up|good|healthy|success|succeeded|completed|accepted|done|passed|active|resolved)$/i,
  fair: /^(warn|warning|degraded|late|pending|retryable|medium|paused)$/i,
  bad: /^(error|failed|failing|down|bad|critical|rejected|blocked|high|overdue)$/i,
};

interface Props {
  column: Column;
  value: unknown;
  /** Nothing is shortened: there is room. */
  whole?: boolean;
}

/** A value as its column's schema says to show it; one that does not fit the schema as it is. */
export function Cell({ column, value, whole = false }: Props) {
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
  if (Array.isArray(value)) return <Badges column={column} values={value} whole={whole} />;
  if (typeof value === "object") {
    return <span className="muted">{t("data.fields", { count: Object.keys(value).length })}</span>;
  }
  const words = String(value);
  if (column.kind === "choice") return <Badge column={column} value={value} />;
  if (column.kind === "project") return <ProjectName id={words} />;
  if (column.kind === "time") {
    const at = Date.parse(words);
    if (Number.isNaN(at)) return words;
    const full = new Intl.DateTimeFormat(i18n.language, { dateStyle: "long", timeStyle: "long" });
    return (
      <time dateTime={words} title={full.format(at)}>
        {relative(at - Date.now(), i18n.language)}
        {whole && <span className="muted"> · {full.format(at)}</span>}
      </time>
    );
  }
  if (column.kind === "link" && isWebAddress(words)) {
    return (
      <a href={words} target="_blank" rel="noreferrer noopener" title={words}>
        {whole ? words : shortened(words.replace(/^https?:\/\//i, ""))}
      </a>
    );
  }
  if (whole) return <span className="whole-text">{words}</span>;
  const shown = <Breakable text={shortened(words)} />;
  return words.length > LONGEST ? <span title={words}>{shown}</span> : shown;
}

export function numbered(value: number, unit: string | undefined, language: string): string {
  const figures = new Intl.NumberFormat(language, { maximumFractionDigits: FRACTION_DIGITS }).format(value);
  return unit ? `${figures}\u00a0${unit}` : figures;
}

function Badge({ column, value }: { column: Column; value: unknown }) {
  const known = column.choices?.find((choice) => choice.value === value);
  const tone = Object.keys(TONES).find((each) => TONES[each]?.test(String(value)));
  return (
    <span className="pill" data-tone={tone} data-value={String(value)} title={known?.description}>
      {known?.title ?? (known ? wordOf(value) : String(value))}
    </span>
  );
}

/** The items of a list that are plain; of others only how many there are. */
function Badges({ column, values, whole }: { column: Column; values: unknown[]; whole: boolean }) {
  const { t } = useTranslation();
  if (values.length === 0) return <>–</>;
  if (column.kind !== "list") return <span className="muted">{t("data.items", { count: values.length })}</span>;
  const shown = whole ? values : values.slice(0, MOST_BADGES);
  return (
    <span className="badges">
      {shown.map((value, at) => (
        <Badge key={at} column={column} value={value} />
      ))}
      {values.length > shown.length && (
        <span className="muted num" title={values.map(String).join(", ")}>
          +{values.length - shown.length}
        </span>
      )}
    </span>
  );
}

function ProjectName({ id }: { id: string }) {
  const { projects } = useProjectScope();
  return <>{projects.find((project) => project.id === id)?.name ?? id}</>;
}

/** Nothing but http and https: an address such as `javascript:` would act in the reader's name. */
function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
