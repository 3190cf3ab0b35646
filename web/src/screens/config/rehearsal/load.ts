import type { Rehearsal } from "../../../api/types";

type Hour = Rehearsal["hours"][number];

/** The runs that begin in each hour: those of both files, and those that one has more. */
export function parts(hours: Hour[]): { both: number[]; more: number[]; less: number[] } {
  const both = hours.map(({ before, after }) => Math.min(before.runs, after.runs));
  return {
    both,
    more: hours.map(({ after }, at) => after.runs - (both[at] ?? 0)),
    less: hours.map(({ before }, at) => before.runs - (both[at] ?? 0)),
  };
}

/** Hours put together, so that no more than `most` bars stand side by side. */
export function grouped(hours: Hour[], most: number): Hour[] {
  const each = Math.max(1, Math.ceil(hours.length / most));
  const groups: Hour[] = [];
  hours.forEach((hour, at) => {
    const last = groups.at(-1);
    if (at % each === 0 || !last) {
      groups.push({ at: hour.at, before: { ...hour.before }, after: { ...hour.after } });
      return;
    }
    for (const side of ["before", "after"] as const) {
      last[side].runs += hour[side].runs;
      last[side].busy_seconds += hour[side].busy_seconds;
    }
  });
  return groups;
}
