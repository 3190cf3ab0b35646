import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";
import type { Diagnostic } from "../../api/types";

import { Modal } from "../../layout/modal";
import { DiffView } from "./diff/diff-view";
import { Faults } from "./faults";
import type { Reveal } from "./tabs";

interface Props {
  before: string;
  after: string;
  /** What the comment starts as. */
  comment: string;
  errors: Diagnostic[];
  blocked: boolean;
  fault: Error | undefined;
  onSave: (comment: string) => void;
  onReveal: (place: Reveal) => void;
  onClose: () => void;
}

/** What saving would write, before it is written. */
export function Preview({ before, after, comment: first, errors, blocked, fault, onSave, onReveal, onClose }: Props) {
  const { t } = useTranslation();
  const [comment, setComment] = useState(first);
  return (
    <Modal label={t("config.preview_title")} className="preview" onClose={onClose}>
      <header className="modal-head" data-testid="preview">
        <h2>{t("config.preview_title")}</h2>
        <button type="button" className="ghost icon" aria-label={t("config.close")} onClick={onClose}>
          <X size={18} aria-hidden />
        </button>
      </header>
      <DiffView before={before} after={after} names={[t("config.on_disk"), t("config.draft")]} />
      {errors.length > 0 && <Faults faults={errors} onReveal={onReveal} />}
      {fault && (
        <div className="form-fault" role="alert">
          {fault.message}
        </div>
      )}
      <form
        className="preview-save"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked) onSave(comment.trim());
        }}
      >
        <label>
          <span>{t("config.comment")}</span>
          <input
            type="text"
            value={comment}
            maxLength={200}
            placeholder={t("config.comment_hint")}
            onChange={(event) => setComment(event.target.value)}
          />
        </label>
        <button type="submit" className="primary" disabled={blocked}>
          {t("config.save")}
        </button>
      </form>
    </Modal>
  );
}
