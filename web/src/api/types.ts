/** What the host answers; see /api/openapi.json. */

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

export interface JobsConfig {
  CASCADE_CHAINS: Record<string, string[]>;
  JOB_TO_DATA_MAP: Record<string, string[]>;
  loaded_at: string;
  rejected: { at: string; rendered: string } | null;
}

/** The data of `job_completed`. */
export interface JobCompleted {
  job_type: string;
  project_id: string;
  status: "ok" | "failed";
  at: string;
}
