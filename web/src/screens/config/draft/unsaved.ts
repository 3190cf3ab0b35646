import { useSyncExternalStore } from "react";

/** Where a changed draft is kept. */
export const STORED = "cascade.draft";

// Without the drafts themselves: the header of every screen asks, long before a draft is looked at.
let unsaved = Boolean(globalThis.sessionStorage?.getItem(STORED));
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export function setUnsaved(next: boolean): void {
  if (next === unsaved) return;
  unsaved = next;
  for (const listener of listeners) listener();
}

/** Whether there is anything that leaving would lose. */
export const useUnsaved = (): boolean => useSyncExternalStore(subscribe, () => unsaved);
