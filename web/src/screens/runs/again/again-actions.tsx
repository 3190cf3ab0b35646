import { useState } from "react";
import { useTranslation } from "#i18n";

import type { Run } from "../../../api/types";
import { useRights } from "../../../session/rights";
import { isOver } from "../runs-data";
import { DoneDialog } from "./done-dialog";
import { RerunDialog } from "./rerun-dialog";

/** What may be done with a run that is over, beside another attempt. */
export function AgainActions({ run, onDone }: { run: Run; onDone: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const whyNot = useRights().whyNot("editor", run.project_id);
  const [open, setOpen] = useState<"done" | "rerun">();
  const badly = run.state === "failed" || run.state === "cancelled";
  const close = () => setOpen(undefined);
  if (!isOver(run)) return null;
  return (
    <span className="run-actions">
      <button type="button" disabled={!!whyNot} title={whyNot} data-testid="rerun" onClick={() => setOpen("rerun")}>
        {t("again.rerun.open")}
      </button>
      {badly && (
        <button
          type="button"
          disabled={!!whyNot}
          title={whyNot}
          data-testid="mark-done"
          onClick={() => setOpen("done")}
        >
          {t("again.done.open")}
        </button>
      )}
      {open === "rerun" && <RerunDialog run={run} onDone={onDone} onClose={close} />}
      {open === "done" && <DoneDialog run={run} onDone={onDone} onClose={close} />}
    </span>
  );
}
