import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { get } from "../api/client";
import type { JobsConfig } from "../api/types";
import { isObject, type JsonSchema } from "../schema/json-schema";
import { type Polled, usePolledQuery } from "./use-polled-query";

export const CONFIG_KEY = ["config"];
const CONFIG_MS = 15_000;
/** It changes with the host's version only. */
const SCHEMA_MS = 600_000;
const NOTHING: JsonSchema = {};

/** jobs.toml as it is in force. */
export const useJobsConfig = (): Polled<JobsConfig> =>
  usePolledQuery(CONFIG_KEY, () => get<JobsConfig>("/jobs/config"), CONFIG_MS);

/** What `[jobs.NAME]` may hold; nothing until the host has said it. */
export function useJobSchema(): JsonSchema {
  const { data } = usePolledQuery([...CONFIG_KEY, "schema"], () => get<unknown>("/jobs/config/schema"), SCHEMA_MS);
  const table = ["properties", "jobs", "additionalProperties"].reduce<unknown>(
    (at, name) => (isObject(at) ? at[name] : undefined),
    data,
  );
  return isObject(table) ? table : NOTHING;
}

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
