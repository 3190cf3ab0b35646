import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import type { Card } from "./product-data";

/** How a project stood when it was last looked at, in this browser. */
export interface Seen {
  /** The server's time. */
  at: string;
  messages: number;
  signals: number;
  recommendations: number;
  score: number | null;
  last_message_at: string | null;
}

/** What is new since; a score may have gone either way, and so may signals. */
export interface News {
  messages: number;
  signals: number;
  recommendations: number;
  score: number;
}

const STORED = "cascade.seen";
/** Tells this tab; the others hear of it by the browser's own event. */
const CHANGED = "cascade:seen";

type SeenByProject = Record<string, Seen>;

export function newsOf(card: Card, seen: Seen | undefined): News {
  if (!seen) return { messages: 0, signals: 0, recommendations: 0, score: 0 };
  const { score } = card.health;
  return {
    messages: Math.max(0, card.messages_total - seen.messages),
    signals: card.signals_open - seen.signals,
    recommendations: Math.max(0, card.recommendations_open - seen.recommendations),
    score: score === null || seen.score === null ? 0 : Math.round((score - seen.score) * 10) / 10,
  };
}

/**
 * Whether a time comes after one that was seen; nothing does where none was. Compared as times: RFC 3339 has several texts
 * for one moment ("…47Z", "…47.000Z"), whose order as texts says nothing.
 */
export const isSince = (time: string, seen: string | null | undefined): boolean =>
  typeof seen === "string" && Date.parse(time) > Date.parse(seen);

export const isNews = (news: News) => Object.values(news).some((value) => value !== 0);

function seenOf(card: Card, at: string): Seen {
  return {
    at,
    messages: card.messages_total,
    signals: card.signals_open,
    recommendations: card.recommendations_open,
    score: card.health.score,
    last_message_at: card.last_message_at,
  };
}

const stored = () => localStorage.getItem(STORED) ?? "";

function parse(text: string): SeenByProject {
  try {
    return JSON.parse(text || "{}") as SeenByProject;
  } catch {
    return {};
  }
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("storage", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("storage", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

function change(by: (before: SeenByProject) => SeenByProject): void {
  localStorage.setItem(STORED, JSON.stringify(by(parse(stored()))));
  window.dispatchEvent(new Event(CHANGED));
}

/** A decision of one's own is no news. */
export function noteDecision(project_id: string, difference: 1 | -1): void {
  change((before) => {
    const seen = before[project_id];
    if (!seen) return before;
    return { ...before, [project_id]: { ...seen, recommendations: seen.recommendations + difference } };
  });
}

/** What was seen of each project. One that was never looked at counts as seen from now on. */
export function useSeen(cards: Card[] | undefined, now: string | undefined) {
  const text = useSyncExternalStore(subscribe, stored);
  const seen = useMemo(() => parse(text), [text]);
  const first = useRef(text === "");
  useEffect(() => {
    const unknown = cards?.filter(({ project_id }) => !seen[project_id]) ?? [];
    if (unknown.length === 0 || !now) return;
    change((before) => ({
      ...Object.fromEntries(unknown.map((card) => [card.project_id, seenOf(card, now)])),
      ...before,
    }));
  }, [cards, now, seen]);

  /** All of these are seen; what was known before, to take that back. */
  const mark = useCallback((cards: Card[], now: string): (() => void) => {
    const before = parse(stored());
    first.current = false;
    change((known) => ({ ...known, ...Object.fromEntries(cards.map((card) => [card.project_id, seenOf(card, now)])) }));
    return () => change((known) => ({ ...known, ...before }));
  }, []);
  return { seen, first: first.current, mark };
}
