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

/** Another jobs.toml may bring other plugins, views, projects and data: all else is refetched. */
export function useRefreshOnConfig(loadedAt: string | undefined): void {
  const client = useQueryClient();
  const before = useRef(loadedAt);
  useEffect(() => {
    if (before.current && before.current !== loadedAt) {
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== CONFIG_KEY[0] });
    }
    before.current = loadedAt;
  }, [client, loadedAt]);
}
