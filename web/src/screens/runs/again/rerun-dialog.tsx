import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { get, post } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import type { RerunPreview, Run, RunAnswer } from "../../../api/types";
import { Link } from "../../../layout/link";
import { Modal } from "../../../layout/modal";
import { Failure, Loading } from "../../../layout/states";

interface Props {
  run: Run;
  onDone: () => Promise<unknown>;
  onClose: () => void;
}

/** Says what would follow, asks once, and leads to the new run. */
export function RerunDialog({ run, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const preview = useQuery({
    queryKey: ["rerun-preview", run.id],
    queryFn: () => get<RerunPreview>(`/jobs/runs/${run.id}/rerun/preview`),
    staleTime: 0,
  });
  const [answer, setAnswer] = useState<RunAnswer>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const perform = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      setAnswer(await post<RunAnswer>(`/jobs/runs/${run.id}/rerun`, {}));
      await onDone();
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
  };
  const title = t("again.rerun.title");
  const found = preview.data;
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform();
        }}
      >
        <h2>{title}</h2>
        <p>{t("again.rerun.what", { job: run.job_type })}</p>
        {preview.isPending && <Loading rows={2} />}
        {preview.error && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {found && !answer && (
          <ul data-testid="rerun-preview">
            {found.jobs.length === 0 ? (
              <li>{t("again.nothing_follows")}</li>
            ) : (
              <li>{t("again.rerun.follows", { jobs: found.jobs.join(", ") })}</li>
            )}
            {found.unfinished > 0 && <li>{t("again.rerun.unfinished", { count: found.unfinished })}</li>}
          </ul>
        )}
        {answer && (
          <p role="status" data-testid="rerun-answer">
            {t(`jobs.accepted.${answer.queued as "now" | "merged" | "after_current"}`)}{" "}
            {answer.run_id && (
              <Link to={`/runs/${answer.run_id}`} onClick={onClose}>
                {t("jobs.to_run")}
              </Link>
            )}
          </p>
        )}
        {fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )}
        <div className="run-actions">
          {!answer && (
            <button type="submit" className="primary" disabled={busy || !found} data-testid="rerun-confirm">
              {t("again.rerun.yes")}
            </button>
          )}
          <button type="button" onClick={onClose}>
            {t("runs.matching.close")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
