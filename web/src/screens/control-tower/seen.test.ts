// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import type { Card } from "./product-data";
import { isNews, isSince, newsOf, noteDecision, useSeen } from "./seen";

const card = (over: Partial<Card> & { score?: number | null } = {}): Card => ({
  project_id: "p",
  slug: "p",
  name: "P",
  health: { score: over.score === undefined ? 70 : over.score, scored_at: null, delta_7d: null, factors: [] },
  messages_total: 10,
  messages_7d: 1,
  signals_open: 4,
  last_message_at: null,
  recommendations_open: 5,
  sources_failing: [],
  trend: [],
  ...over,
});

beforeEach(() => localStorage.clear());

it("takes the first look as seen, and tells what came since", () => {
  const { result } = renderHook(({ cards }) => useSeen(cards, "2026-01-01T00:00:00Z"), {
    initialProps: { cards: [card()] },
  });
  expect(result.current.first).toBe(true);
  expect(isNews(newsOf(card(), result.current.seen.p))).toBe(false);
  const later = card({ messages_total: 12, signals_open: 3, recommendations_open: 6, score: 66.6 });
  expect(newsOf(later, result.current.seen.p)).toEqual({ messages: 2, signals: -1, recommendations: 1, score: -3.4 });
});

it("marks as seen, and takes that back", () => {
  const { result } = renderHook(() => useSeen([card()], "2026-01-01T00:00:00Z"));
  const later = card({ messages_total: 12 });
  let back = () => {};
  act(() => {
    back = result.current.mark([later], "2026-01-02T00:00:00Z");
  });
  expect(result.current.seen.p).toMatchObject({ messages: 12, at: "2026-01-02T00:00:00Z" });
  act(() => back());
  expect(newsOf(later, result.current.seen.p).messages).toBe(2);
});

it("a decision of one's own is no news, nor hides any", () => {
  const { result } = renderHook(() => useSeen([card()], "2026-01-01T00:00:00Z"));
  act(() => noteDecision("p", -1));
  expect(newsOf(card({ recommendations_open: 4 }), result.current.seen.p).recommendations).toBe(0);
  expect(newsOf(card({ recommendations_open: 5 }), result.current.seen.p).recommendations).toBe(1);
});

it("survives nonsense in the storage, and a project that was never scored", () => {
  localStorage.setItem("cascade.seen", "{nonsense");
  const { result } = renderHook(() => useSeen([card({ score: null })], "2026-01-01T00:00:00Z"));
  expect(newsOf(card(), result.current.seen.p).score).toBe(0);
});

it.each([
  // The same moment in other words.
  ["2026-01-01T10:00:47Z", "2026-01-01T10:00:47.000Z", false],
  ["2026-01-01T10:00:47.000Z", "2026-01-01T10:00:47Z", false],
  ["2026-01-01T12:00:47+02:00", "2026-01-01T10:00:47Z", false],
  // As texts, each of these is in the other order.
  ["2026-01-01T10:00:47.5Z", "2026-01-01T10:00:47Z", true],
  ["2026-01-01T11:00:47Z", "2026-01-01T12:00:47+02:00", true],
  ["2026-01-01T10:00:46Z", "2026-01-01T10:00:47Z", false],
  ["2026-01-01T10:00:47Z", null, false],
  ["2026-01-01T10:00:47Z", undefined, false],
])("%s comes since %s was seen: %s", (time, seen, since) => {
  expect(isSince(time, seen)).toBe(since);
});
