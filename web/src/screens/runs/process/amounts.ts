const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** An amount of memory in the largest unit of which there is at least one. */
export function bytes(amount: number, language: string): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, amount)) / 3));
  const format = { style: "unit", unit: UNITS[power], maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, format).format(amount / 1000 ** power);
}

/** Processor time in seconds. */
export function seconds(ms: number, language: string): string {
  const format = { style: "unit", unit: "second", maximumFractionDigits: 2 } as const;
  return new Intl.NumberFormat(language, format).format(ms / 1000);
}
