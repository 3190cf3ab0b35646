import { get, post } from "../../api/client";
import type { Workers } from "../../api/types";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";

const POLL_MS = 5_000;

/** What workers do and that they live, no event tells. */
export const useWorkers = (): Polled<Workers> =>
  usePolledQuery(["workers"], () => get<Workers>("/workers"), POLL_MS, { events: () => false });

export const setDraining = (name: string, drain: boolean) =>
  post(`/workers/${encodeURIComponent(name)}/${drain ? "drain" : "undrain"}`, {});
