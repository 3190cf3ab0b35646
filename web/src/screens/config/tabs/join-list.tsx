import { Merge, Plus, Settings2, X } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { Diagnostic, Edit, JobType } from "../../../api/types";
import { type Join, joinSaid, plainJoin } from "../../edges/join";
import { JoinForm } from "../../edges/join-form";
import { FieldFault } from "../faults";
import { faultsAt } from "../faults-at";
import { joinEdit, noJoinEdit } from "../forms/join-edits";
import { JOINS, joinsAt, type Table } from "../toml";

interface Props {
  root: Table;
  /** The draft, of which `root` are the values. */
  text: string;
  jobs: string[];
  typeOf: (job: string) => JobType | undefined;
  diagnostics: Diagnostic[];
  readOnly: boolean;
  edit: (edits: Edit[]) => void;
}

/** The jobs that run once several others have ended, each with what it waits for; and a new one. */
export function JoinList({ root, text, jobs, typeOf, diagnostics, readOnly, edit }: Props) {
  const { t } = useTranslation();
  const joins = joinsAt(root);
  /** The job whose join is open; `""` while that of a new one is chosen. */
  const [open, setOpen] = useState<string>();
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(undefined);
    opener.current?.focus();
  };
  const form = (job: string, join: Join) => (
    <JoinForm
      key={`${job} ${JSON.stringify(join)}`}
      job={job}
      join={join}
      jobs={jobs}
      typeOf={typeOf}
      text={text}
      editsOf={(changed) => [joinEdit(root, job, changed)]}
      onChange={(changed) => edit([joinEdit(root, job, changed)])}
      onClose={close}
    />
  );
  const isNew = open !== undefined && !joins[open];
  if (readOnly && Object.keys(joins).length === 0) return null;
  return (
    <section className="joins" aria-label={t("joins.title")} data-testid="joins">
      <h2>{t("joins.title")}</h2>
      <p className="muted">{t("joins.lead")}</p>
      <ul className="join-list">
        {Object.entries(joins).map(([job, join]) => (
          <li key={job} data-testid="join" data-job={job}>
            <div className="chip">
              <Merge size={14} aria-hidden />
              <span className="chip-text">
                <code>{job}</code> <span className="condition">{joinSaid(join, t)}</span>
              </span>
              {!readOnly && (
                <>
                  <button
                    type="button"
                    className="ghost icon"
                    aria-expanded={open === job}
                    aria-label={t("joins.form", { job })}
                    title={t("joins.form", { job })}
                    onClick={(event) => {
                      opener.current = event.currentTarget;
                      setOpen(open === job ? undefined : job);
                    }}
                  >
                    <Settings2 size={14} aria-hidden />
                  </button>
                  <button
                    type="button"
                    className="ghost icon"
                    aria-label={t("joins.remove", { job })}
                    title={t("joins.remove", { job })}
                    onClick={() => {
                      setOpen(undefined);
                      edit([noJoinEdit(job)]);
                    }}
                  >
                    <X size={14} aria-hidden />
                  </button>
                </>
              )}
            </div>
            {open === job && !readOnly && form(job, join)}
            <FieldFault faults={faultsAt(diagnostics, JOINS, job)} />
          </li>
        ))}
      </ul>
      {!readOnly && (
        <button
          type="button"
          className="edge-add"
          aria-expanded={isNew}
          onClick={(event) => {
            opener.current = event.currentTarget;
            setOpen(isNew ? undefined : "");
          }}
        >
          <Plus size={14} aria-hidden />
          {t("joins.add")}
        </button>
      )}
      {isNew && !readOnly && (
        <div className="join-new" data-testid="join-new">
          <label className="edge-input">
            <span>{t("joins.job")}</span>
            <select value={open} onChange={({ target }) => setOpen(target.value)}>
              <option value="">{t("config.choose")}</option>
              {jobs
                .filter((job) => !joins[job])
                .map((job) => (
                  <option key={job}>{job}</option>
                ))}
            </select>
          </label>
          {open !== "" && form(open, plainJoin([]))}
        </div>
      )}
    </section>
  );
}
