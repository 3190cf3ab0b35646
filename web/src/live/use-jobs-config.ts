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
export const NO_SCHEMA: JsonSchema = {};

/** jobs.toml as it is in force. */
export const useJobsConfig = (): Polled<JobsConfig> =>
  usePolledQuery(CONFIG_KEY, () => get<JobsConfig>("/jobs/config"), CONFIG_MS);

/** What `[jobs.NAME]` may hold; undefined until the host has answered. */
export function useJobSchema(): JsonSchema | undefined {
  const { data, loading } = usePolledQuery(
    [...CONFIG_KEY, "schema"],
    () => get<unknown>("/jobs/config/schema"),
    SCHEMA_MS,
  );
  if (loading) return undefined;
  const table = ["properties", "jobs", "additionalProperties"].reduce<unknown>(
    (at, name) => (isObject(at) ? at[name] : undefined),
    data,
  );
  return isObject(table) ? table : NO_SCHEMA;
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
