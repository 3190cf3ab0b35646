import { get, post } from "../../api/client";
import type { Delivery, DeliveryPage, HookReplay, Hooks, WholeDelivery } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

const POLL_MS = 10_000;

export const OUTCOMES = ["run", "ignored", "refused"] as const;
export type Outcome = Delivery["outcome"];

/** The tone of what became of a delivery, as colours have it. */
export const TONES: Record<Outcome, string> = { run: "good", ignored: "rest", refused: "bad" };

// What is sent to hooks, no event tells.
const options = { events: () => false };

export const useHooks = (): Polled<Hooks> => usePolledQuery(["hooks"], () => get<Hooks>("/hooks"), POLL_MS, options);

export interface Wanted {
  hook: string;
  project_id: string | undefined;
  outcome: string;
  before: string;
}

const at = (hook: string) => `/hooks/${encodeURIComponent(hook)}/deliveries`;

/** What was sent to a hook, the newest first, or what came before one of them. */
export function useDeliveries({ hook, ...query }: Wanted): Polled<DeliveryPage> {
  const ask = () => get<DeliveryPage>(at(hook), { ...query, limit: 50 });
  return usePolledQuery(["hooks", "deliveries", hook, query], ask, POLL_MS, options);
}

/** One of them with what it said. */
export function useDelivery(hook: string, id: string): Polled<WholeDelivery> {
  const ask = () => get<WholeDelivery>(`${at(hook)}/${id}`);
  return usePolledQuery(["hooks", "delivery", hook, id], ask, 60_000, options);
}

/** Makes a new run of it. */
export const replay = (hook: string, id: string) => post<HookReplay>(`${at(hook)}/${id}/replay`, {});

/** JSON as people read it; what is none stays as it is. */
export function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
