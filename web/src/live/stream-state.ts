import { useSyncExternalStore } from "react";

export interface StreamState {
  /** `polling`: the server answers, but no events come; `offline`: it does not answer. */
  state: "connecting" | "live" | "polling" | "offline";
  /** What carries events: redis, postgres or memory. */
  bus: string | null;
  /** A better bus is set up and does not answer. */
  degraded: boolean;
  /** When the next attempt to connect begins, in ms since 1970; null while connected or connecting. */
  retryAt: number | null;
}

export const CONNECTING: StreamState = { state: "connecting", bus: null, degraded: false, retryAt: null };

let current = CONNECTING;
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Tells every screen of this tab how events come now. */
export function setStreamState(next: StreamState): void {
  if (JSON.stringify(next) === JSON.stringify(current)) return;
  current = next;
  for (const listener of listeners) listener();
}

export const useStreamState = (): StreamState => useSyncExternalStore(subscribe, () => current);
