/** jobs.toml over HTTP: read, checked, edited and saved by the host. */

import { get, post, put } from "../../api/client";
import type { JobsConfig } from "../../api/types";

/** A text of jobs.toml and the hash that names it. */
export interface Version {
  revision: string;
  text: string;
}

export interface OnDisk extends Version {
  path: string;
  writable: boolean;
}

export interface Diagnostic {
  severity: "error" | "warning";
  message: string;
  /** From 1, in characters; 0 when no place of the text is to blame. */
  line: number;
  column: number;
  end_line?: number | null;
  end_column?: number | null;
  /** Dotted path, such as `jobs.sync.every`. */
  key: string;
  help: string | null;
}

export interface Checked extends Partial<Pick<JobsConfig, "jobs">> {
  diagnostics: Diagnostic[];
}

/** One change of meaning; where it stands in the text is the host's business. */
export type Edit =
  | { op: "set"; path: string[]; value: unknown }
  | { op: "remove"; path: string[] }
  | { op: "add_to_list"; path: string[]; value: string }
  | { op: "remove_from_list"; path: string[]; value: string };

export interface HistoryItem {
  revision: string;
  at: string;
  by: string | null;
  comment: string | null;
  origin: "ui" | "file";
}

export interface HistoryPage {
  items: HistoryItem[];
  total: number;
  page: number;
  per_page: number;
}

export interface Completions {
  keys: { path: string; type: string; description: string }[];
  jobs: string[];
  data_keys: string[];
  projects: string[];
  time_zones: string[];
}

export const readText = () => get<OnDisk>("/jobs/config/text");
export const checkText = (text: string) => post<Checked>("/jobs/config/check", { text });
export const editText = async (text: string, edits: Edit[]) =>
  (await post<{ text: string }>("/jobs/config/edit", { text, edits })).text;
export const saveText = (text: string, base_revision: string, comment?: string) =>
  put<{ revision: string }>("/jobs/config/text", { text, base_revision, ...(comment && { comment }) });
export const readHistory = (page: number) => get<HistoryPage>("/jobs/config/history", { page });
export const readRevision = (revision: string) =>
  get<Version & HistoryItem>(`/jobs/config/history/${encodeURIComponent(revision)}`);
export const readCompletions = () => get<Completions>("/jobs/config/completions");
