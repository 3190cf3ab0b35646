/** jobs.toml over HTTP: read, checked, edited and saved by the host. */

import { get, post, put } from "../../api/client";
import type { Checked, Completions, Edit, Edited, HistoryPage, HistoryText, OnDisk, SavedText } from "../../api/types";

export const readText = () => get<OnDisk>("/jobs/config/text");
export const checkText = (text: string) => post<Checked>("/jobs/config/check", { text });
export const editText = async (text: string, edits: Edit[]) =>
  (await post<Edited>("/jobs/config/edit", { text, edits })).text;
export const saveText = (text: string, base_revision: string, comment?: string) =>
  put<SavedText>("/jobs/config/text", { text, base_revision, ...(comment && { comment }) });
export const readHistory = (page: number) => get<HistoryPage>("/jobs/config/history", { page });
export const readRevision = (revision: string) =>
  get<HistoryText>(`/jobs/config/history/${encodeURIComponent(revision)}`);
export const readCompletions = () => get<Completions>("/jobs/config/completions");
