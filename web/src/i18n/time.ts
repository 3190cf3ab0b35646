const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** A span from now in words: negative is past. */
export function relative(ms: number, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  const [unit, size] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? (["second", 1000] as const);
  // Truncated, and never "in 0 seconds": a clock a moment ahead is not the future.
  const whole = Math.trunc(ms / size);
  return format.format(whole === 0 ? -0 : whole, unit);
}

/** A length of time as figures: `340 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number, language: string): string {
  const unit = (value: number, unit: string, digits = 0) =>
    new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: digits }).format(value);
  if (ms < 1000) return unit(Math.round(ms), "millisecond");
  if (ms < 60_000) return unit(ms / 1000, "second", 1);
  return `${unit(Math.floor(ms / 60_000), "minute")} ${unit(Math.floor((ms % 60_000) / 1000), "second")}`;
}
