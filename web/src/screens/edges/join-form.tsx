import { useMemo, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { Diagnostic, Edit, JobType } from "../../api/types";
import { faultsAt } from "../config/faults-at";
import { takesOf } from "./arg-rows";
import { EdgeArgs } from "./edge-args";
import { EdgeInput } from "./edge-input";
import { joinFieldsOf } from "./fields";
import { JobChips } from "./job-chips";
import { BY, type Join, LATE, NEEDS } from "./join";
import { type JoinDraft, type JoinFault, type JoinPlace, joinDraftOf, readJoin } from "./join-draft";
import { useEditCheck } from "./use-edit-check";
import "./edges.css";

interface Props {
  /** The job that runs once. */
  job: string;
  join: Join;
  /** Every job there is. */
  jobs: string[];
  typeOf: (job: string) => Pick<JobType, "output_schema" | "args_schema"> | undefined;
  /** The draft of jobs.toml, and what would be written into it: the host says what it thinks of that. */
  text: string;
  editsOf: (join: Join) => Edit[];
  onChange: (join: Join) => void;
  onClose: () => void;
}

/** Faults that are told once one wants to go on: the field was not reached yet. */
const TOLD_LATE: JoinFault[] = ["missing", "no_jobs"];
/** The message names its key, at which it stands. */
const said = ({ message, help }: Diagnostic) => [message.replace(/^`[^`]+`: /, ""), help].filter(Boolean).join("; ");

/** What a job waits for that runs once several others have ended, and what it is asked for. */
export function JoinForm({ job, join, jobs, typeOf, text, editsOf, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const takes = useMemo(() => takesOf(typeOf(job)?.args_schema), [typeOf, job]);
  const [draft, setDraft] = useState(() => joinDraftOf(join, takes));
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const more = useRef<HTMLDetailsElement>(null);
  const change = (part: Partial<JoinDraft>) => setDraft((before) => ({ ...before, ...part }));
  const { join: read, faults } = readJoin(draft, takes);
  const fields = joinFieldsOf(draft.all_of.map((each) => [each, typeOf(each)?.output_schema]));

  const check = useEditCheck(text, faults.size === 0 ? editsOf(read) : undefined);
  const path = `CASCADE_JOINS.${job}`;
  const found = [
    ...faultsAt(check.diagnostics, path),
    // A cycle is told where it closes, which may be at an edge.
    ...check.diagnostics.filter(({ key, message }) => !key.startsWith(path) && /^cycle\b/.test(message)),
  ];
  const keyOf = ({ key }: Diagnostic) => (key.startsWith(`${path}.`) ? key.slice(path.length + 1) : "");
  const refused = (key: string) =>
    found
      .filter((each) => keyOf(each) === key)
      .map(said)
      .join("; ") || undefined;
  const saidAt = (place: JoinPlace, key: string = place) => {
    const fault = faults.get(place);
    if (fault) return tried || !TOLD_LATE.includes(fault) ? textOf(fault) : undefined;
    return refused(key);
  };
  const textOf = (fault: JoinFault) => (fault === "no_jobs" ? t("joins.no_jobs") : t(`edges.faults.${fault}`));
  const atFields = ["all_of", "within", "when", "key", ...draft.rows.map(({ name }) => `args.${name.trim()}`)];
  const elsewhere = found.filter((each) => !atFields.includes(keyOf(each))).map(said);

  const submit = () => {
    if (faults.size === 0) {
      onChange(read);
      onClose();
      return;
    }
    setTried(true);
    if (more.current && [...faults.keys()].some((place) => place.startsWith("args."))) more.current.open = true;
    // Once what is wrong has been marked.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  return (
    <form
      className="edge-form"
      ref={form}
      aria-label={t("joins.form", { job })}
      data-testid="join-form"
      data-checked={check.current || undefined}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <JobChips
        label={t("joins.all_of", { job })}
        chosen={draft.all_of}
        free={jobs.filter((each) => each !== job && !draft.all_of.includes(each))}
        fault={saidAt("all_of")}
        onChange={(all_of) => change({ all_of })}
      />
      <div className="edge-row">
        <Choice
          label={t("joins.needs_label")}
          value={draft.needs}
          words={NEEDS}
          name="needs"
          onChange={(needs) => change({ needs })}
        />
        <Choice label={t("joins.by_label")} value={draft.by} words={BY} name="by" onChange={(by) => change({ by })} />
      </div>
      <div className="edge-row">
        <EdgeInput
          label={t("joins.within_label")}
          value={draft.within}
          placeholder={t("joins.within_placeholder")}
          help={t("joins.within_help")}
          fault={saidAt("within")}
          onChange={(within) => change({ within })}
        />
        {draft.within.trim() !== "" && (
          <Choice
            label={t("joins.late_label")}
            value={draft.late}
            words={LATE}
            name="late"
            onChange={(late) => change({ late })}
          />
        )}
        <EdgeInput
          label={t("edges.when_label")}
          value={draft.when}
          fields={fields}
          placeholder={t("joins.when_placeholder", { job: draft.all_of[0] ?? t("joins.some_job") })}
          fault={refused("when")}
          onChange={(when) => change({ when })}
        />
      </div>
      <details className="edge-more" ref={more} open={join.args !== undefined || join.key !== undefined}>
        <summary>{t("joins.more")}</summary>
        <div>
          <EdgeArgs
            job={job}
            takes={takes}
            gives={draft.gives}
            rows={draft.rows}
            fields={fields}
            faultOf={(id) => saidAt(`args.${id}`, `args.${draft.rows.find((row) => row.id === id)?.name.trim()}`)}
            onChange={change}
          />
          <fieldset>
            <legend>{t("edges.runs.key")}</legend>
            <EdgeInput
              label={t("edges.runs.key")}
              hidesLabel
              value={draft.key}
              fields={fields}
              placeholder="run.project"
              help={t("edges.runs.key_help")}
              fault={refused("key")}
              onChange={(key) => change({ key })}
            />
          </fieldset>
        </div>
      </details>
      <p className="edge-fault" role="status">
        {elsewhere.join("; ")}
      </p>
      <div className="actions">
        <button type="submit" className="primary">
          {t("edges.apply")}
        </button>
        <button type="button" onClick={onClose}>
          {t("config.close")}
        </button>
      </div>
    </form>
  );
}

interface ChoiceProps<Word extends string> {
  label: string;
  value: Word;
  words: readonly Word[];
  name: "needs" | "by" | "late";
  onChange: (word: Word) => void;
}

function Choice<Word extends string>({ label, value, words, name, onChange }: ChoiceProps<Word>) {
  const { t } = useTranslation();
  return (
    <label className="edge-input">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(words.find((word) => word === event.target.value) ?? value)}>
        {words.map((word) => (
          <option key={word} value={word}>
            {t(`joins.${name}.${word}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
