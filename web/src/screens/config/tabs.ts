import type { Configuration } from "./use-configuration";

export const TABS = ["cascades", "data", "jobs", "file", "history"] as const;

/** A place of the text to show in the editor. */
export interface Reveal {
  line: number;
  column: number;
}

export interface TabProps {
  configuration: Configuration;
  reveal: Reveal | undefined;
  onReveal: (place: Reveal) => void;
  /** Opens the preview, with words for the comment. */
  onReview: (comment: string) => void;
}
