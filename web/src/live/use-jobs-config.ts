import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { get } from "../api/client";
import type { JobsConfig } from "../api/types";
import { type Polled, usePolledQuery } from "./use-polled-query";

export const CONFIG_KEY = ["config"];
const CONFIG_MS = 15_000;

/** jobs.toml as it is in force. */
export const useJobsConfig = (): Polled<JobsConfig> =>
  usePolledQuery(CONFIG_KEY, () => get<JobsConfig>("/jobs/config"), CONFIG_MS);

export const askConfig = (client: QueryClient) =>
  client.prefetchQuery({ queryKey: CONFIG_KEY, queryFn: () => get<JobsConfig>("/jobs/config") });

export const knownConfig = (client: QueryClient) => client.getQueryData<JobsConfig>(CONFIG_KEY);

/**
 * Another jobs.toml, or another build of a plugin under the same one, may bring other views, projects and data: all else is
 * refetched. Each server answers with the time at which it loaded them itself, so a time alone that differs may only tell that
 * another server has answered: one that is later than all before tells of news.
 */
export function useRefreshOnConfig(config: Pick<JobsConfig, "revision" | "loaded_at"> | undefined): void {
  const client = useQueryClient();
  const { revision, loaded_at } = config ?? {};
  const known = useRef({ revision, latest: 0 });
  useEffect(() => {
    if (!revision || !loaded_at) return;
    const { revision: before, latest } = known.current;
    const loadedAt = Date.parse(loaded_at);
    known.current = { revision, latest: Math.max(latest, loadedAt) };
    if (before && latest && (before !== revision || loadedAt > latest)) {
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== CONFIG_KEY[0] });
    }
  }, [client, revision, loaded_at]);
}
