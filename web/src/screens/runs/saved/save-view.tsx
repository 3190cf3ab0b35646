import { useState } from "react";
import { useTranslation } from "#i18n";

import { post } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import { Modal } from "../../../layout/modal";

interface Props {
  /** The address of what is shown. */
  search: string;
  onClose: () => void;
  onSaved: () => Promise<void>;
}

/** The most characters that the host takes. */
export const LONGEST_NAME = 80;

/** Asks for a name and saves what is shown under it. */
export default function SaveView({ search, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const save = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await post("/saved-views", { name: name.trim(), search });
      await onSaved();
      onClose();
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  return (
    <Modal label={t("runs.views.save")} className="many-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <h2>{t("runs.views.save")}</h2>
        <p className="muted">{t("runs.views.lead")}</p>
        <label>
          <span>{t("runs.views.name")}</span>
          <input
            autoFocus
            required
            maxLength={LONGEST_NAME}
            value={name}
            data-testid="view-name"
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        {fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )}
        <div className="run-actions">
          <button type="submit" className="primary" disabled={busy || !name.trim()} data-testid="view-confirm">
            {t("runs.views.confirm")}
          </button>
          <button type="button" onClick={onClose}>
            {t("runs.matching.close")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
