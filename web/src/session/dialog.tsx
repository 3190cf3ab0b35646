import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "#i18n";

import { Modal } from "../layout/modal";
import "./dialog.css";
import "./sign-in.css";

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Modal label={title} className="session-dialog" onClose={onClose}>
      <div className="modal-head">
        <h2>{title}</h2>
        <button type="button" className="ghost icon" aria-label={t("data.close")} onClick={onClose}>
          <X size={16} aria-hidden />
        </button>
      </div>
      {children}
    </Modal>
  );
}

/** What the host said to a form. */
export function Fault({ error }: { error: Error | undefined }) {
  return error ? (
    <p className="form-fault" role="alert">
      {error.message}
    </p>
  ) : null;
}
