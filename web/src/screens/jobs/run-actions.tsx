import { useState } from "react";
import { useTranslation } from "#i18n";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { Run } from "../../api/types";
import { useRights } from "../../session/rights";

const UNFINISHED = ["scheduled", "available", "running", "retryable"];

/** Cancel while it is not over; try again when it ended badly. */
export function RunActions({ run, onDone }: { run: Run; onDone: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const act = async (action: "cancel" | "retry") => {
    setBusy(true);
    setFault(undefined);
    try {
      await post(`/jobs/runs/${run.id}/${action}`, {});
    } catch (error) {
      setFault(error as Error);
    }
    await onDone();
    setBusy(false);
  };
  const whyNot = useRights().whyNot("editor", run.project_id);
  const cancelling = run.cancel_requested_at !== null;
  return (
    <span className="run-actions">
      {UNFINISHED.includes(run.state) && (
        <button
          type="button"
          disabled={busy || cancelling || !!whyNot}
          title={whyNot}
          onClick={() => void act("cancel")}
        >
          {t(cancelling ? "jobs.cancelling" : "jobs.cancel")}
        </button>
      )}
      {(run.state === "failed" || run.state === "cancelled") && (
        <button type="button" disabled={busy || !!whyNot} title={whyNot} onClick={() => void act("retry")}>
          {t("jobs.retry")}
        </button>
      )}
      {fault && <span role="alert">{fault.message}</span>}
    </span>
  );
}
