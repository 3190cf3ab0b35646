/**
 * The texts come in parts: what the frame of all screens shows, with what one of the first screens shows before anything is
 * opened, and the rest, which with the frame is all. What belongs to which follows from the code: see bundle/first-texts.ts.
 */
export type Part = FirstScreen | "frame" | "rest";

/** The screens that are looked at first, as their files are named. */
export type FirstScreen = "control-tower" | "jobs" | "graph-screen" | "runs-screen" | "problems";

export interface Texts {
  [key: string]: string | Texts;
}

const PLURAL = /_(zero|one|two|few|many|other)$/;

/** The texts of these keys, without the form of a plural. */
export function textsOf(texts: Texts, isKept: (key: string) => boolean, within = ""): Texts {
  const kept = Object.entries(texts).flatMap(([name, value]) => {
    const key = `${within}${name}`;
    if (typeof value === "string") return isKept(key) || isKept(key.replace(PLURAL, "")) ? [[name, value]] : [];
    const inner = textsOf(value, isKept, `${key}.`);
    return Object.keys(inner).length > 0 ? [[name, inner]] : [];
  });
  return Object.fromEntries(kept) as Texts;
}
