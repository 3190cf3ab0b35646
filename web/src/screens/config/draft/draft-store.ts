import { useSyncExternalStore } from "react";

import { isOutage } from "../../../api/outage";
import { serverBack } from "../../../api/reachability";
import type { Edit, Version } from "../../../api/types";
import { editText, saveText } from "../config-api";
import { type Draft, draftOf, isChanged, onBase, redone, savedAs, stepped, textOf, undone } from "./draft";
import { STORED, setUnsaved } from "./unsaved";

/** Typing that pauses for less is one step of undo. */
const TYPING_MS = 800;
/** Of one edit, if the server goes away again and again. */
const MOST_ATTEMPTS = 5;

export interface DraftState {
  /** Absent until jobs.toml has been read. */
  draft: Draft | undefined;
  /** What is on disk, if that is no longer what the draft starts from. */
  theirs: Version | undefined;
  /** A draft that was thrown away last, so that it can be had back. */
  discarded: Draft | undefined;
  /** Why the last edit was not made. */
  fault: Error | undefined;
}

type MakeEdits = typeof editText;
type Save = typeof saveText;

/** The one draft of jobs.toml in this browser tab; every form and the editor write into it. */
export class DraftStore {
  private state: DraftState;
  private readonly listeners = new Set<() => void>();
  /** Edits go one after another: each is made of the text that the one before left. */
  private queue: Promise<void> = Promise.resolve();
  private typedAt = 0;
  /** The revision that the draft has left for a newer one; what was read of the disk before may still name it. */
  private replaced: string | undefined;

  constructor(
    private readonly storage: Storage | undefined,
    private readonly makeEdits: MakeEdits = editText,
    private readonly send: Save = saveText,
    private readonly back = serverBack,
  ) {
    this.state = { draft: stored(storage), theirs: undefined, discarded: undefined, fault: undefined };
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = () => this.state;

  /** What is on disk. Without changes of one's own the draft follows it. */
  onDisk({ revision, text }: Version): void {
    if (revision === this.replaced) return;
    this.replaced = undefined;
    const { draft, theirs } = this.state;
    const version = { revision, text };
    // Somebody else saved just this.
    if (!draft || (textOf(draft) === text && draft.base.revision !== revision)) {
      return this.put({ draft: draft ? savedAs(draft, version) : draftOf(version), theirs: undefined });
    }
    if (draft.base.revision === revision) return theirs ? this.put({ theirs: undefined }) : undefined;
    if (!isChanged(draft)) return this.put({ draft: draftOf(version), theirs: undefined });
    if (theirs?.revision !== revision) this.put({ theirs: version });
  }

  type(text: string): void {
    const now = Date.now();
    this.change((draft) => stepped(draft, { text }, now - this.typedAt < TYPING_MS));
    this.typedAt = now;
  }

  /** A whole text in place of the draft's: a step of its own. */
  replace(text: string): void {
    this.typedAt = 0;
    this.change((draft) => stepped(draft, { text }));
  }

  edit(edits: Edit[]): Promise<void> {
    if (edits.length === 0) return this.queue;
    this.typedAt = 0;
    this.queue = this.queue.then(async () => {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        try {
          await this.makeNow(edits);
          if (attempt > 1) this.put({ fault: undefined });
          return;
        } catch (error) {
          this.put({ fault: error as Error });
          if (!isOutage(error)) return;
          // The edit waits until the server answers again, and those after it wait behind it.
          await this.back();
        }
      }
    });
    return this.queue;
  }

  private async makeNow(edits: Edit[]): Promise<void> {
    const { draft } = this.state;
    if (!draft) return;
    const before = textOf(draft);
    const text = await this.makeEdits(before, edits);
    // What was typed meanwhile must not be lost: the edit is made once more, of that.
    const now = this.state.draft && textOf(this.state.draft);
    const latest = now === undefined || now === before ? text : await this.makeEdits(now, edits);
    this.change((draft) => stepped(draft, { text: latest, edits }));
  }

  undo(): void {
    this.typedAt = 0;
    this.change(undone);
  }

  redo(): void {
    this.typedAt = 0;
    this.change(redone);
  }

  discard(): void {
    const { draft, theirs } = this.state;
    if (!draft) return;
    const base = theirs ?? draft.base;
    this.leaveFor(base);
    this.put({ draft: draftOf(base), theirs: undefined, discarded: draft, fault: undefined });
  }

  /** Brings a discarded draft back; what is on disk by now is read again. */
  restore(): void {
    const { discarded } = this.state;
    if (discarded) this.put({ draft: discarded, discarded: undefined });
  }

  forget(): void {
    this.put({ discarded: undefined, fault: undefined });
  }

  /** Takes a draft that was carried to another base. */
  take(draft: Draft): void {
    this.leaveFor(draft.base);
    this.put({ draft, theirs: undefined, discarded: undefined, fault: undefined });
  }

  /** Both texts were merged manually into `text`, which starts from what is on disk. */
  merged(base: Version, text: string): void {
    this.take(onBase(base, text));
  }

  /** Saves the draft. Throws what the host answers; a conflict is also kept as `theirs`. */
  async save(comment?: string): Promise<string> {
    await this.queue;
    const { draft } = this.state;
    if (!draft) throw new Error("no draft");
    const text = textOf(draft);
    try {
      const { revision } = await this.send(text, draft.base.revision, comment);
      this.leaveFor({ revision });
      this.change((draft) => savedAs(draft, { revision, text }));
      this.put({ theirs: undefined });
      return revision;
    } catch (error) {
      const answer = (error as { status?: number; body?: unknown }) ?? {};
      const body = answer.body as Version | undefined;
      if (answer.status === 409 && typeof body?.revision === "string" && typeof body.text === "string") {
        this.put({ theirs: { revision: body.revision, text: body.text } });
      }
      throw error;
    }
  }

  private leaveFor({ revision }: Pick<Version, "revision">): void {
    const before = this.state.draft?.base.revision;
    if (before !== revision) this.replaced = before;
  }

  private change(by: (draft: Draft) => Draft): void {
    const { draft } = this.state;
    if (!draft) return;
    const next = by(draft);
    if (next !== draft) this.put({ draft: next, discarded: undefined, fault: undefined });
  }

  private put(part: Partial<DraftState>): void {
    this.state = { ...this.state, ...part };
    keep(this.storage, this.state.draft);
    for (const listener of this.listeners) listener();
  }
}

function keep(storage: Storage | undefined, draft: Draft | undefined): void {
  if (!draft || !isChanged(draft)) return storage?.removeItem(STORED);
  // When there is no room, the steps are what can be spared.
  for (const kept of [draft, onBase(draft.base, textOf(draft))]) {
    try {
      return storage?.setItem(STORED, JSON.stringify(kept));
    } catch {
      storage?.removeItem(STORED);
    }
  }
}

function stored(storage: Storage | undefined): Draft | undefined {
  try {
    const text = storage?.getItem(STORED);
    return text ? (JSON.parse(text) as Draft) : undefined;
  } catch {
    return undefined;
  }
}

export const drafts = new DraftStore(globalThis.sessionStorage);
const tellUnsaved = () => {
  const { draft } = drafts.snapshot();
  setUnsaved(draft !== undefined && isChanged(draft));
};
tellUnsaved();
drafts.subscribe(tellUnsaved);

export const useDraft = (): DraftState => useSyncExternalStore(drafts.subscribe, drafts.snapshot);
