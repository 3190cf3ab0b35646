/** What the host answers; see /api/openapi.json. */

import type { JsonSchema } from "../schema/json-schema";

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  per_page: number;
  as_of: string;
}

export interface Project {
  id: string;
  slug: string;
  name: string;
}

export type RunState = "available" | "running" | "retryable" | "completed" | "failed" | "cancelled";

export interface Trigger {
  kind: "timer" | "manual" | "cascade";
  job_type?: string;
  at?: string;
}

export interface Run {
  id: string;
  job_type: string;
  project_id: string;
  project_slug: string;
  state: RunState;
  attempt: number;
  max_attempts: number;
  payload: Record<string, unknown>;
  triggered_by: Trigger;
  queued_at: string;
  started_at: string | null;
  /** When a person asked for its end. */
  cancel_requested_at: string | null;
  finished_at: string | null;
  error: string | null;
  summary: string | null;
  progress: { fraction: number; message: string } | null;
  trace_id: string;
}

export interface ScheduledJob {
  job_type: string;
  description: string;
  project_id: string;
  project_slug: string;
  status: "active" | "paused";
  enabled: boolean;
  next_run_at: string | null;
  schedule: string | null;
  upstream: string[];
  downstream: string[];
  data_keys: string[];
  current_run: Run | null;
  last_run: Run | null;
}

export interface LogLine {
  at: string;
  level: "debug" | "info" | "warn" | "error";
  message: string;
  fields: Record<string, unknown> | null;
}

export interface JobType {
  name: string;
  version: string;
  description: string;
  /** `plugin version (how it came: place)`. */
  origin: string;
  params_schema: JsonSchema;
}

/** What the host answers to "Run now". */
export interface RunAnswer {
  /** Absent when the run will only be made after the current one. */
  run_id: string | null;
  queued: "now" | "after_current";
}

export interface JobsConfig {
  CASCADE_CHAINS: Record<string, string[]>;
  JOB_TO_DATA_MAP: Record<string, string[]>;
  jobs: Record<string, { params: Record<string, unknown> }>;
  loaded_at: string;
  rejected: { at: string; rendered: string } | null;
}

/** Something a person may do to a row. */
export interface Action {
  name: string;
  description: string;
  input_schema: JsonSchema;
}

/** A data key as its plugin describes it. */
export interface View {
  key: string;
  description: string;
  origin: { plugin: string; version: string };
  row_schema: JsonSchema;
  filter_schema: JsonSchema;
  sortable: string[];
  actions: Action[];
}

/** The data of `job_completed`. */
export interface JobCompleted {
  job_type: string;
  project_id: string;
  status: "ok" | "failed";
  at: string;
}
