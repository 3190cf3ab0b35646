import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { useFault } from "../../api/reachability";
import type { WholeDelivery } from "../../api/types";
import { Link } from "../../layout/link";
import { Modal } from "../../layout/modal";
import { useRights } from "../../session/rights";
import "../runs/runs.css";
import { replay } from "./hooks-data";

interface Props {
  hook: string;
  delivery: WholeDelivery;
}

/** Has a new run made of a delivery, once one is sure. */
export function ReplayButton({ hook, delivery }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<string>();
  const [fault, setFault] = useFault();
  const rights = useRights();
  const project = delivery.project_id;
  const whyNot =
    (project ? rights.whyNot("editor", project) : rights.whyNot("admin")) ??
    (delivery.body_state === "too_long" ? t("hooks.body_states.too_long") : undefined);
  const run = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      setMade((await replay(hook, delivery.id)).run_id);
      setAsked(false);
      await client.invalidateQueries({ queryKey: ["hooks"] });
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
  };
  return (
    <>
      <button
        type="button"
        disabled={!!whyNot || busy}
        title={whyNot}
        data-testid="replay"
        onClick={() => setAsked(true)}
      >
        {t("hooks.replay")}
      </button>
      <span role="status">{made && <Link to={`/runs/${made}`}>{t("hooks.replayed")}</Link>}</span>
      {asked && (
        <Modal label={t("hooks.replay_ask")} className="many-dialog" onClose={() => setAsked(false)}>
          <h2>{t("hooks.replay_ask")}</h2>
          <p className="muted">{t(delivery.run_id ? "hooks.replay_again" : "hooks.replay_about")}</p>
          {fault && (
            <p className="bad" role="alert">
              {fault.message}
            </p>
          )}
          <div className="run-actions">
            <button
              type="button"
              className="primary"
              disabled={busy}
              data-testid="replay-confirm"
              onClick={() => void run()}
            >
              {t("hooks.replay")}
            </button>
            <button type="button" onClick={() => setAsked(false)}>
              {t("hooks.replay_no")}
            </button>
          </div>
        </Modal>
      )}
    </>
  );
}
