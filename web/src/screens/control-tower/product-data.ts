import type { QueryClient } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { Page } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

export interface Factor {
  key: string;
  impact: number;
  count: number;
  examples: { message_id: string; evidence: string; sent_at: string }[];
}

export interface Card {
  project_id: string;
  slug: string;
  name: string;
  health: { score: number | null; scored_at: string | null; delta_7d: number | null; factors: Factor[] };
  messages_total: number;
  messages_7d: number;
  signals_open: number;
  last_message_at: string | null;
  recommendations_open: number;
  /** Where messages cannot be read from, the longest first. */
  sources_failing: { source: string; since: string; reason: string }[];
  trend: { day: string; messages: number; signals: number; score: number | null }[];
}

export interface MessageSignal {
  kind: string;
  evidence: string;
  span_start: number;
  span_end: number;
}

export interface Message {
  id: string;
  project_id: string;
  source: string;
  source_kind: (typeof SOURCES)[number];
  author: string;
  subject: string;
  body: string;
  /** Where it can be read in place. */
  url: string | null;
  sent_at: string;
  similarity: number | null;
  signals: MessageSignal[];
}

export const DECISIONS = ["open", "accepted", "dismissed"] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Recommendation {
  id: string;
  project_id: string;
  kind: string;
  subject: string;
  title: string;
  /** Its place in the project, from 1: what the list is ordered by. */
  rank: number;
  status: Decision;
  created_at: string;
  evidence: { message_id: string; quote: string; author: string; sent_at: string }[];
}

type Query = Record<string, string | number | undefined>;

const queryOf = <T>(key: string, query: Query) => ({
  queryKey: ["data", key, query],
  queryFn: () => get<Page<T>>(`/data/${key}`, query),
});

function useData<T>(key: string, query: Query, intervalMs: number): Polled<Page<T>> {
  const { queryKey, queryFn } = queryOf<T>(key, query);
  return usePolledQuery(queryKey, queryFn, intervalMs);
}

/** As many as the host tells of at a time. */
const MOST_PROJECTS = 200;

export const usePortfolioOverview = (project_id?: string) =>
  useData<Card>("portfolio", { project_id, per_page: MOST_PROJECTS }, 30_000);

export const askPortfolio = (client: QueryClient) =>
  client.prefetchQuery(queryOf<Card>("portfolio", { per_page: MOST_PROJECTS }));

export interface MessageQuery {
  search: string;
  signal: string;
  source_kind: string;
  page: number;
}

export const usePortfolioMessages = (project_id: string | undefined, query: MessageQuery) =>
  useData<Message>("messages", { project_id, ...query, per_page: 12 }, 20_000);

export const useRecommendationsV2 = (project_id: string | undefined, status: Decision, page: number) =>
  useData<Recommendation>("recommendations", { project_id, status, page, per_page: 8 }, 45_000);

/** Kinds of signals, the costliest first. */
export const SIGNALS = ["blocker", "deadline_risk", "budget", "negative_sentiment", "unanswered_question", "decision"];
export const SOURCES = ["mail", "slack", "issue", "feed"] as const;
