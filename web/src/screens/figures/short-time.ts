const UNITS = [
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1],
] as const;

/** A length of time in two digits, which is what a percentile is worth: `3.4 ms`, `12 s`. */
export function shortTime(ms: number, language: string): string {
  const of = (value: number, unit: string) =>
    new Intl.NumberFormat(language, {
      style: "unit",
      unit,
      unitDisplay: "short",
      maximumSignificantDigits: 2,
    }).format(value);
  if (ms > 0 && ms < 1) return `<${of(1, "millisecond")}`;
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? (["millisecond", 1] as const);
  return of(ms / size, unit);
}
