export interface Shortcut {
  /** A key, or two one after the other: `j`, `g t`, `mod+k`. */
  keys: string;
  /** What it does, as a key of the texts. */
  label: string;
  /** Absent for what the browser does by itself, as Enter on a link: it is only told of. */
  run?: () => void;
}

/** A second key later than this starts a new sequence. */
export const SEQUENCE_MS = 1500;

/** The shortcuts of all that is on the screen; what came last goes first. */
export class Shortcuts {
  private lists: (readonly Shortcut[])[] = [];
  private first: { key: string; at: number } | undefined;

  add(list: readonly Shortcut[]): () => void {
    this.lists.unshift(list);
    return () => {
      this.lists = this.lists.filter((other) => other !== list);
    };
  }

  /** What could be pressed now, each key once. */
  all(): Shortcut[] {
    const seen = new Set<string>();
    return this.lists.flat().filter(({ keys }) => !seen.has(keys) && seen.add(keys));
  }

  /** Takes a key press; the shortcut that it completes, if any. */
  press(key: string, now: number): Shortcut | undefined {
    const first = this.first && now - this.first.at <= SEQUENCE_MS ? this.first.key : undefined;
    this.first = undefined;
    const all = this.all().filter(({ run }) => run);
    const found = (first && all.find(({ keys }) => keys === `${first} ${key}`)) || all.find(({ keys }) => keys === key);
    if (!found && all.some(({ keys }) => keys.startsWith(`${key} `))) this.first = { key, at: now };
    return found || undefined;
  }
}

/** Those of the page. */
export const shortcuts = new Shortcuts();
