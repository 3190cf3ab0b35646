const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** To make a format takes longer than to use it, and each row of a table uses some. */
function kept<Key extends unknown[], Format>(make: (...key: Key) => Format): (...key: Key) => Format {
  const formats = new Map<string, Format>();
  return (...key) => {
    const name = key.join();
    const known = formats.get(name) ?? make(...key);
    formats.set(name, known);
    return known;
  };
}

const relativeOf = kept(
  (language: string) => new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" }),
);
const unitOf = kept(
  (language: string, unit: string, digits: number) =>
    new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: digits }),
);
/** A number: with its sign or without, with so many digits, as a share. */
export const numberOf = kept(
  (language: string, sign: "auto" | "exceptZero", digits: number, style?: "percent") =>
    new Intl.NumberFormat(language, { signDisplay: sign, maximumFractionDigits: digits, style }),
);
/** A day without its year; `zone` where it is not that of the browser. */
export const dayOf = kept(
  (language: string, zone?: string) =>
    new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: zone }),
);
/** A date with its time, without seconds. */
export const timeOf = kept(
  (language: string) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }),
);
/** A date with its time, in full. */
export const fullTimeOf = kept(
  (language: string) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }),
);

/** A span from now in words: negative is past. */
export function relative(ms: number, language: string): string {
  const [unit, size] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? (["second", 1000] as const);
  // Truncated, and never "in 0 seconds": a clock a moment ahead is not the future.
  const whole = Math.trunc(ms / size);
  return relativeOf(language).format(whole === 0 ? -0 : whole, unit);
}

/** A length of time as figures: `340 ms`, `4.2 s`, `3 min 5 s`, `3 min`. */
export function duration(ms: number, language: string): string {
  const unit = (value: number, unit: string, digits = 0) => unitOf(language, unit, digits).format(value);
  if (ms < 1000) return unit(Math.round(ms), "millisecond");
  if (ms < 60_000) return unit(ms / 1000, "second", 1);
  const seconds = Math.floor((ms % 60_000) / 1000);
  const minutes = unit(Math.floor(ms / 60_000), "minute");
  return seconds > 0 ? `${minutes} ${unit(seconds, "second")}` : minutes;
}
