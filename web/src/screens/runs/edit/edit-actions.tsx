import { useState } from "react";
import { useTranslation } from "#i18n";

import { patch } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import type { Run } from "../../../api/types";
import { useRights } from "../../../session/rights";
import { EditDialog } from "./edit-dialog";
import { startsLater, waits } from "./waits";

/** What may be changed of a run that waits: that it begins now, or its time, priority and args. */
export function EditActions({ run, onDone }: { run: Run; onDone: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const whyNot = useRights().whyNot("editor", run.project_id);
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const startNow = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await patch(`/jobs/runs/${run.id}`, { start_now: true });
    } catch (error) {
      setFault(error as Error);
    }
    await onDone();
    setBusy(false);
  };
  if (!waits(run)) return null;
  return (
    <span className="run-actions">
      {startsLater(run) && (
        <button
          type="button"
          disabled={busy || !!whyNot}
          title={whyNot}
          data-testid="start-now"
          onClick={() => void startNow()}
        >
          {t(run.state === "retryable" ? "edit_run.try_now" : "edit_run.start_now")}
        </button>
      )}
      <button type="button" disabled={!!whyNot} title={whyNot} data-testid="edit-run" onClick={() => setOpen(true)}>
        {t("edit_run.open")}
      </button>
      {fault && <span role="alert">{fault.message}</span>}
      {open && <EditDialog run={run} onDone={onDone} onClose={() => setOpen(false)} />}
    </span>
  );
}
