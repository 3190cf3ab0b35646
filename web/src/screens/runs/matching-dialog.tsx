import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { MatchedRuns as Match, MatchCount, MatchProgress } from "../../api/types";
import { Modal } from "../../layout/modal";
import { Loading } from "../../layout/states";
import type { BulkAction } from "./runs-data";
import { useWork, WorkProgress } from "./work-progress";

interface Props {
  action: BulkAction;
  /** Which runs, as it is when the dialog opens. */
  match: () => Match;
  onClose: () => void;
}

/** Says how many there are, asks once, and shows how far it has come. */
export default function MatchingDialog({ action, match, onClose }: Props) {
  const { t } = useTranslation();
  // The filter of the moment at which it was opened: "the last hour" does not move on.
  const [filter] = useState(match);
  const [found, setFound] = useState<MatchCount>();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [work, setWork] = useWork(setFault);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let gone = false;
    const count = post<MatchCount>("/jobs/runs/matching/count", { action, filter });
    count.then((answer) => !gone && setFound(answer)).catch((error: Error) => !gone && setFault(error));
    return () => {
      gone = true;
    };
  }, [action, filter, asked, setFault]);
  const perform = async () => {
    if (!found) return;
    setBusy(true);
    setFault(undefined);
    try {
      const body = { action, filter, expect: found.count, reason: reason.trim() || undefined };
      setWork(await post<MatchProgress>("/jobs/runs/matching", body));
    } catch (error) {
      // They are others by now: the question is asked again, with the number of now.
      setFault(error as Error);
      setAsked(asked + 1);
    }
    setBusy(false);
  };
  const many = found && found.count > found.most;
  const title = t(`runs.matching.${action}`);
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform();
        }}
      >
        <h2>{title}</h2>
        {!found && !fault && <Loading rows={1} />}
        {found && !work && (
          <p data-testid="matching-count" data-count={found.count}>
            {many
              ? t("runs.matching.too_many", { count: found.most })
              : t(`runs.matching.count_${action}`, { count: found.count })}
          </p>
        )}
        {found && !work && !many && found.count > 0 && (
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
              disabled={busy || !found || many || found.count === 0}
              data-testid="matching-confirm"
            >
              {t(`runs.matching.yes_${action}`, { count: found?.count ?? 0 })}
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
