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
  recommendations_open: number;
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
  source: string;
  source_kind: "mail" | "slack" | "feed";
  author: string;
  subject: string;
  body: string;
  sent_at: string;
  similarity: number | null;
  signals: MessageSignal[];
}

export interface Recommendation {
  id: string;
  project_id: string;
  kind: string;
  subject: string;
  title: string;
  detail: string;
  score: number;
  evidence: { message_id: string; quote: string; author: string; sent_at: string }[];
}

function useData<T>(
  key: string,
  query: Record<string, string | number | undefined>,
  intervalMs: number,
): Polled<Page<T>> {
  return usePolledQuery(["data", key, query], () => get<Page<T>>(`/data/${key}`, query), intervalMs);
}

export const usePortfolioOverview = (project_id?: string) => useData<Card>("portfolio", { project_id }, 30_000);

export const usePortfolioMessages = (project_id: string | undefined, search: string, page: number) =>
  useData<Message>("messages", { project_id, search, page, per_page: 12 }, 20_000);

export const useRecommendationsV2 = (project_id?: string) =>
  useData<Recommendation>("recommendations", { project_id, per_page: 12 }, 45_000);
