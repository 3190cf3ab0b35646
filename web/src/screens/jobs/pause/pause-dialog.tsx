import { useState } from "react";
import { useTranslation } from "#i18n";

import type { ScheduledJob } from "../../../api/types";
import { Modal } from "../../../layout/modal";
import type { JobAct } from "../use-job-actions";
import { PauseEndField, usePauseEnd } from "./pause-fields";

interface Props {
  job: ScheduledJob;
  act: JobAct;
  onClose: () => void;
}

/** Asks until when a job is paused, and why. */
export function PauseDialog({ job, act, onClose }: Props) {
  const { t } = useTranslation();
  const end = usePauseEnd();
  const [reason, setReason] = useState("");
  const title = t("jobs.pause_until.ask", { job: job.job_type, project: job.project_slug });
  const pause = () => {
    onClose();
    void act(job, "pause", { until: end.end(), reason: reason.trim() || undefined });
  };
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          pause();
        }}
      >
        <h2>{title}</h2>
        <PauseEndField of={end} />
        <label>
          <span>{t("jobs.pause_until.reason")}</span>
          <textarea
            rows={2}
            maxLength={500}
            value={reason}
            data-testid="pause-reason"
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
        <div className="run-actions">
          <button type="submit" className="primary" disabled={!end.ready} data-testid="pause-confirm">
            {t("jobs.pause")}
          </button>
          <button type="button" onClick={onClose}>
            {t("jobs.many_no")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
