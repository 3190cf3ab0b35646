/**
 * What tabs and the owner of the one event stream say to each other over a BroadcastChannel. The
 * owner lives in a SharedWorker or, where there is none, in the tab that leads.
 */

import type { StreamState } from "./stream-state";

/** With a version: tabs of an older build may still be open. */
export const CHANNEL = "cascade.stream.1";
/** Whoever holds this lock owns the stream. */
export const LOCK = "cascade.stream.1";

/** A tab says so at the start, when its project changes, on return and every so often. */
export interface Hello {
  kind: "hello";
  tab: string;
  /** Only events of this project matter; all, if not given. */
  project?: string;
  /** The id of the last event the tab has heard of, as it came: a new owner goes on from there. */
  lastId?: string;
  /** When that was, in ms since 1970: ids have no order, as a restored database gives numbers again. */
  heardAt?: number;
  /** Connect now if waiting to: somebody is looking. */
  hurry?: boolean;
}

export type FromTab = Hello | { kind: "bye"; tab: string };

export type FromOwner =
  /** A new owner asks who is there. */
  | { kind: "who" }
  /** How events come; also the answer to each hello. */
  | { kind: "state"; state: StreamState; lastId?: string }
  | { kind: "event"; name: string; id?: string; data: unknown };

export type Said = FromTab | FromOwner;
