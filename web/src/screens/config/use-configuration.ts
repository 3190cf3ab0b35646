import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import type { Completions, Diagnostic, Edit, JobType, OnDisk } from "../../api/types";
import { useSettled } from "../../layout/use-settled";
import { NO_SCHEMA, useJobSchema } from "../../live/use-job-schema";
import { CONFIG_KEY } from "../../live/use-jobs-config";
import { type Polled, usePolledQuery } from "../../live/use-polled-query";
import type { JsonSchema } from "../../schema/json-schema";
import { useJobTypes } from "../jobs/jobs-data";
import { checkText, readCompletions, readText } from "./config-api";
import { isChanged, textOf } from "./draft/draft";
import { type DraftState, drafts, useDraft } from "./draft/draft-store";
import type { Facts } from "./editor/suggest";
import { type Parsed, parsedToml } from "./toml";

const TEXT_MS = 15_000;
const NAMES_MS = 60_000;
/** A pause of typing after which the host is asked. */
const SETTLE_MS = 300;

interface Check {
  /** Of the last text that was checked; kept while the next is. */
  diagnostics: Diagnostic[];
  /** Whether they are those of the text as it is. */
  current: boolean;
  error: Error | null;
}

/** All that the tabs of the screen share. */
export interface Configuration extends DraftState {
  disk: Polled<OnDisk>;
  text: string;
  parsed: Parsed;
  changed: boolean;
  check: Check;
  readOnly: boolean;
  types: JobType[];
  facts: Facts | undefined;
  jobSchema: JsonSchema;
  edit: (edits: Edit[]) => void;
}

const textKey = [...CONFIG_KEY, "text"];

export function useConfiguration(): Configuration {
  const disk = usePolledQuery(textKey, readText, TEXT_MS);
  const state = useDraft();
  const read = disk.data;
  useEffect(() => {
    if (read) drafts.onDisk(read);
    // A draft that came back may start from another text.
  }, [read, state.draft?.base.revision]);
  const text = state.draft ? textOf(state.draft) : "";
  const parsed = useMemo(() => parsedToml(text), [text]);
  const types = useJobTypes();
  const names = usePolledQuery([...CONFIG_KEY, "completions"], readCompletions, NAMES_MS);
  const facts = useFacts(names.data, types.data?.items);
  const edit = useCallback((edits: Edit[]) => void drafts.edit(edits), []);
  return {
    ...state,
    disk,
    text,
    parsed,
    changed: state.draft !== undefined && isChanged(state.draft),
    check: useCheck(state.draft && text),
    readOnly: disk.data?.writable === false,
    types: types.data?.items ?? NONE,
    facts,
    jobSchema: useJobSchema() ?? NO_SCHEMA,
    edit,
  };
}

const NONE: JobType[] = [];

function useFacts(names: Completions | undefined, types: JobType[] | undefined): Facts | undefined {
  return useMemo(() => names && { ...names, types: types ?? [] }, [names, types]);
}

function useCheck(text: string | undefined): Check {
  const settled = useSettled(text, SETTLE_MS);
  const query = useQuery({
    queryKey: ["config-check", settled],
    queryFn: () => checkText(settled ?? ""),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
    gcTime: NAMES_MS,
  });
  const diagnostics = query.data?.diagnostics ?? NO_DIAGNOSTICS;
  const current = settled === text && query.isSuccess && !query.isPlaceholderData;
  return { diagnostics, current, error: query.error };
}

const NO_DIAGNOSTICS: Diagnostic[] = [];
