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
  /** Given by hand for this run, in the place of those of jobs.toml. */
}

/** All runs that one trigger caused, root first. */
export interface Cascade {
  root: string;
  items: { run: Run; parent: string | null }[];
  /** There are more than the host tells. */
  truncated?: boolean;
}

/** A run that ended, as trends know it. */
export interface EndedRun {
  id: string;
  state: RunState;
  finished_at: string;
  took_ms: number;
}

/** The latest ended runs of a job in a project, oldest first. */
export interface JobTrend {
  job_type: string;
  project_id: string;
  runs: EndedRun[];
}

/** What came of an action on several runs. */
export interface BulkAnswer {
  done: string[];
  refused: { id: string; message: string }[];
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

/** How a job type came to the host, and from where. */
export interface Origin {
  kind: "compiled_in" | "library" | "executable";
  plugin: string;
  version: string;
  location: string;
}

export interface JobType {
  name: string;
  version: string;
  description: string;
  origin: Origin;
  params_schema: JsonSchema;
}

/** What the host answers to "Run now". */
export interface RunAnswer {
  /** Absent when the run will only be made after the current one. */
  run_id: string | null;
  queued: "now" | "merged" | "after_current";
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
