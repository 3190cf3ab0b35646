import { useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { ManyAnswer } from "../../api/types";
import { Modal } from "../../layout/modal";
import { useProjectScope } from "../../layout/project-scope";
import { useRights } from "../../session/rights";
import "../runs/runs.css";
import { PauseEndField, usePauseEnd } from "./pause/pause-fields";
import type { JobAction } from "./use-job-actions";

/** Jobs that one request may name. */
const AT_MOST = 200;
const ACTIONS: JobAction[] = ["run", "pause", "resume"];

interface Props {
  jobs: string[];
  onClear: () => void;
}

/** What can be done with the selected jobs in all projects, and what came of it. */
export default function ManyBar({ jobs, onClear }: Props) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<JobAction>();
  const [answer, setAnswer] = useState<ManyAnswer & { action: JobAction }>();
  const { projectId } = useProjectScope();
  const whyNot = useRights().whyNot("editor", projectId);
  const many = jobs.length > AT_MOST ? t("jobs.too_many", { count: AT_MOST }) : undefined;
  if (jobs.length === 0 && !answer) return null;
  return (
    <div className="bulk-bar" data-testid="many-bar">
      <div role="status" className="said">
        {answer ? (
          <>
            <strong data-testid="many-result">
              {t(`jobs.many_done.${answer.action}`, { count: answer.done })}
              {answer.refused.length > 0 && ` ${t("runs.refused", { count: answer.refused.length })}`}
            </strong>
            <ul>
              {answer.refused.slice(0, 5).map(({ project_id, job_type, message }) => (
                <li key={`${project_id} ${job_type}`}>
                  {job_type && <code>{job_type}</code>} {message}
                </li>
              ))}
            </ul>
          </>
        ) : (
          <strong>{t("jobs.selected", { count: jobs.length })}</strong>
        )}
      </div>
      <div className="run-actions">
        {jobs.length > 0 &&
          ACTIONS.map((action) => (
            <button
              key={action}
              type="button"
              disabled={!!(whyNot ?? many)}
              title={whyNot ?? many}
              data-testid={`many-${action}`}
              onClick={() => setAsked(action)}
            >
              {t(`jobs.many.${action}`)}
            </button>
          ))}
        <button
          type="button"
          className="ghost icon"
          aria-label={t("runs.unselect")}
          title={t("runs.unselect")}
          onClick={() => {
            setAnswer(undefined);
            onClear();
          }}
        >
          <X size={16} aria-hidden />
        </button>
      </div>
      {asked && (
        <ManyDialog
          action={asked}
          jobs={jobs}
          onClose={() => setAsked(undefined)}
          onDone={(done) => {
            setAsked(undefined);
            setAnswer({ ...done, action: asked });
            onClear();
          }}
        />
      )}
    </div>
  );
}

interface DialogProps {
  action: JobAction;
  jobs: string[];
  onClose: () => void;
  onDone: (answer: ManyAnswer) => void;
}

/** Asks once, says where, and takes the reason for the audit log. */
function ManyDialog({ action, jobs, onClose, onDone }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { projects, projectId } = useProjectScope();
  const [chosen, setChosen] = useState(projectId ?? "");
  const [reason, setReason] = useState("");
  const end = usePauseEnd();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const perform = async () => {
    setBusy(true);
    setFault(undefined);
    const project_ids = chosen ? [chosen] : undefined;
    try {
      const until = action === "pause" ? end.end() : undefined;
      const body = { jobs, project_ids, until, reason: reason.trim() || undefined };
      const done = await post<ManyAnswer>(`/schedules/${action}`, body);
      await client.invalidateQueries({ queryKey: ["jobs"] });
      onDone(done);
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  const title = t(`jobs.many_ask.${action}`, { count: jobs.length });
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform();
        }}
      >
        <h2>{title}</h2>
        <p className="muted names-of-many">{jobs.slice(0, 5).join(", ") + (jobs.length > 5 ? ", …" : "")}</p>
        <label>
          <span>{t("jobs.project")}</span>
          <select value={chosen} onChange={({ target }) => setChosen(target.value)}>
            <option value="">{t("jobs.all_mine")}</option>
            {projects.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {action === "pause" && <PauseEndField of={end} />}
        <label>
          <span>{t("jobs.reason")}</span>
          <textarea
            rows={2}
            maxLength={500}
            value={reason}
            data-testid="many-reason"
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
        {fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )}
        <div className="run-actions">
          <button type="submit" className="primary" disabled={busy || !end.ready} data-testid="many-confirm">
            {t(`jobs.many.${action}`)}
          </button>
          <button type="button" onClick={onClose}>
            {t("jobs.many_no")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
