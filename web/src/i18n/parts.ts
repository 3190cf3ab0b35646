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
