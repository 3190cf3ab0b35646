const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The units of durations in jobs.toml, in ms. A month and a year are those of the calendar's average. */
const UNITS: [names: string, ms: number][] = [
  ["nanos nsec ns", 1e-6],
  ["usec us µs", 1e-3],
  ["millis msec ms", 1],
  ["seconds second secs sec s", SECOND],
  ["minutes minute min mins m", MINUTE],
  ["hours hour hr hrs h", HOUR],
  ["days day d", DAY],
  ["weeks week wk wks w", 7 * DAY],
  ["months month M", 30.44 * DAY],
  ["years year yr yrs y", 365.25 * DAY],
];

/** The length of a text such as `1h 30m`, in ms; undefined if it is none, or nothing. */
export function millisecondsOf(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-zA-Zµ]+)\s*/gy)];
  if (parts.map(([part]) => part).join("") !== text.trim() || parts.length === 0) return undefined;
  let sum = 0;
  for (const [, number, name = ""] of parts) {
    const unit = UNITS.find(([names]) => names.split(" ").includes(name));
    if (!unit) return undefined;
    sum += Number(number) * unit[1];
  }
  return sum > 0 ? sum : undefined;
}

/** A length as jobs.toml writes it, to the second. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / SECOND);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.flatMap(([number, unit]) => (number > 0 ? [`${number}${unit}`] : [])).join(" ");
}
