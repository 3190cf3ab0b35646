/** When a pause ends, as one may choose; the empty one has no end. */
export const PAUSE_ENDS = ["", "1h", "4h", "tomorrow", "custom"] as const;
export type PauseEnd = (typeof PAUSE_ENDS)[number];

const HOURS: Partial<Record<PauseEnd, number>> = { "1h": 1, "4h": 4 };
/** When a working day begins. */
const MORNING = 9;

/** The time that a choice means now; `custom` is a time of the browser's zone, as `datetime-local` has it. */
export function endOf(choice: PauseEnd, custom: string, now: Date): Date | undefined {
  const hours = HOURS[choice];
  if (hours !== undefined) return new Date(now.getTime() + hours * 3_600_000);
  if (choice === "tomorrow") return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING);
  if (choice === "custom" && custom) {
    const at = new Date(custom);
    return Number.isNaN(at.getTime()) ? undefined : at;
  }
  return undefined;
}
