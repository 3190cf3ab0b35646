import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { get, post } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import type { DonePreview, Run } from "../../../api/types";
import { useSaid } from "../../../i18n/said";
import { Modal } from "../../../layout/modal";
import { Failure, Loading } from "../../../layout/states";

interface Props {
  run: Run;
  onDone: () => Promise<unknown>;
  onClose: () => void;
}

/** Says what follows, and asks why. */
export function DoneDialog({ run, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const said = useSaid();
  const client = useQueryClient();
  const preview = useQuery({
    queryKey: ["done-preview", run.id],
    queryFn: () => get<DonePreview>(`/jobs/runs/${run.id}/done/preview`),
    staleTime: 0,
  });
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const perform = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await post(`/jobs/runs/${run.id}/done`, { reason: reason.trim() });
      await onDone();
      await client.invalidateQueries({ queryKey: ["jobs"] });
      onClose();
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  const title = t("again.done.title");
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform();
        }}
      >
        <h2>{title}</h2>
        <p>{t("again.done.what")}</p>
        {preview.isPending && <Loading rows={2} />}
        {preview.error && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {preview.data && (
          <ul data-testid="done-preview">
            {preview.data.decisions.length === 0 && <li>{t("again.nothing_follows")}</li>}
            {preview.data.decisions.map(({ job, taken, runs, reason: why, told }, at) => (
              <li key={at} data-job={job} data-taken={taken}>
                <code>{job}</code>{" "}
                {!taken
                  ? t("again.done.not_taken", { reason: said(told, why) })
                  : runs === null
                    ? t("again.done.taken")
                    : t("again.done.makes", { count: runs })}
              </li>
            ))}
          </ul>
        )}
        <label>
          <span>{t("again.done.reason")}</span>
          <textarea
            rows={2}
            required
            maxLength={500}
            value={reason}
            data-testid="done-reason"
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
        {fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )}
        <div className="run-actions">
          <button
            type="submit"
            className="primary"
            disabled={busy || !preview.data || !reason.trim()}
            data-testid="done-confirm"
          >
            {t("again.done.yes")}
          </button>
          <button type="button" onClick={onClose}>
            {t("runs.matching.close")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
