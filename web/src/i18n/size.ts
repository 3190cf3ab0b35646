const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A number of bytes as figures: `820 kB`, `54 MB`, `1.2 GB`. */
export function size(bytes: number, language: string): string {
  const steps = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** steps;
  const digits = value < 10 && steps > 0 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[steps],
    maximumFractionDigits: digits,
  }).format(value);
}
