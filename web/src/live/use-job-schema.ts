import { get } from "../api/client";
import { isObject, type JsonSchema } from "../schema/json-schema";
import { CONFIG_KEY } from "./use-jobs-config";
import { usePolledQuery } from "./use-polled-query";

/** It changes with the host's version only. */
const SCHEMA_MS = 600_000;
export const NO_SCHEMA: JsonSchema = {};

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
