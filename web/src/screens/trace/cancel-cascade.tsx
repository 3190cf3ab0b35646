import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { get, post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { CancelPreview, MatchProgress } from "../../api/types";
import { Modal } from "../../layout/modal";
import { Failure, Loading } from "../../layout/states";
import { useRights } from "../../session/rights";
import { useWork, WorkProgress } from "../runs/work-progress";

interface Props {
  trace: string;
  projectId: string;
  /** Whether something of it is unfinished. */
  live: boolean;
}

/** Cancels all that is unfinished of a cascade, and what would follow it. */
export function CancelCascade({ trace, projectId, live }: Props) {
  const { t } = useTranslation();
  const whyNot = useRights().whyNot("editor", projectId);
  const [open, setOpen] = useState(false);
  // What came of it is read although nothing is left to cancel.
  if (!live && !open) return null;
  return (
    <>
      <button
        type="button"
        disabled={!!whyNot}
        title={whyNot}
        data-testid="cancel-cascade"
        onClick={() => setOpen(true)}
      >
        {t("trace.cancel.open")}
      </button>
      {open && <CancelDialog trace={trace} onClose={() => setOpen(false)} />}
    </>
  );
}

function CancelDialog({ trace, onClose }: { trace: string; onClose: () => void }) {
  const { t } = useTranslation();
  const preview = useQuery({
    queryKey: ["cancel-preview", trace],
    queryFn: () => get<CancelPreview>(`/jobs/traces/${trace}/cancel/preview`),
    staleTime: 0,
  });
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [work, setWork] = useWork(setFault);
  const perform = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      setWork(await post<MatchProgress>(`/jobs/traces/${trace}/cancel`, { reason: reason.trim() || undefined }));
    } catch (error) {
      setFault(error as Error);
      await preview.refetch();
    }
    setBusy(false);
  };
  const found = preview.data;
  const nothing = found && found.waiting + found.running + found.pending.length === 0;
  const title = t("trace.cancel.title");
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform();
        }}
      >
        <h2>{title}</h2>
        {preview.isPending && <Loading rows={2} />}
        {preview.error && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {found && !work && (
          <ul data-testid="cancel-preview" data-waiting={found.waiting} data-running={found.running}>
            {nothing && <li>{t("trace.cancel.nothing")}</li>}
            {found.waiting > 0 && <li>{t("trace.cancel.waiting", { count: found.waiting })}</li>}
            {found.running > 0 && <li>{t("trace.cancel.running", { count: found.running })}</li>}
            {found.pending.length > 0 && <li>{t("trace.cancel.pending", { jobs: found.pending.join(", ") })}</li>}
          </ul>
        )}
        {found && !work && !nothing && (
          <label>
            <span>{t("jobs.reason")}</span>
            <textarea rows={2} maxLength={500} value={reason} onChange={({ target }) => setReason(target.value)} />
          </label>
        )}
        {work && <WorkProgress work={work} title={title} />}
        {fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )}
        <div className="run-actions">
          {!work && (
            <button
              type="submit"
              className="primary"
              disabled={busy || !found || nothing}
              data-testid="cancel-cascade-confirm"
            >
              {t("trace.cancel.yes")}
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
