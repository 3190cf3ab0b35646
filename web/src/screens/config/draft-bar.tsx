import { Redo2, Trash2, Undo2 } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import { ApiError } from "../../api/client";
import { Counts } from "./diff/diff-view";
import { summary } from "./diff/lines";
import { canRedo, canUndo } from "./draft/draft";
import { drafts } from "./draft/draft-store";
import { Faults } from "./faults";
import { isError } from "./faults-at";
import { Preview } from "./preview";
import { RehearseButton } from "./rehearsal/rehearse-button";
import { SavedToast } from "./saved-toast";
import type { Reveal } from "./tabs";
import type { Configuration } from "./use-configuration";
import { useSave } from "./use-save";

interface Props {
  configuration: Configuration;
  /** The comment of an open preview; `undefined` while it is closed. */
  review: string | undefined;
  onReview: (comment: string | undefined) => void;
  onReveal: (place: Reveal) => void;
}

/** What is changed and not saved, what the host says of it, and what can be done about it. */
export function DraftBar({ configuration, review, onReview, onReveal }: Props) {
  const { t } = useTranslation();
  const { draft, text, changed, check, readOnly, theirs, discarded, fault } = configuration;
  const saving = useSave();
  const [open, setOpen] = useState(false);
  const counts = useMemo(() => summary(draft?.base.text ?? "", text), [draft?.base.text, text]);
  if (!draft) return null;
  const errors = check.diagnostics.filter(isError);
  const warnings = check.diagnostics.length - errors.length;
  const blocked = !changed || readOnly || saving.busy || theirs !== undefined || !check.current || errors.length > 0;
  const save = async (comment?: string) => {
    if (await saving.save(comment)) onReview(undefined);
  };
  const refused = fault ?? saving.fault;
  const idle =
    !changed &&
    !canUndo(draft) &&
    !canRedo(draft) &&
    !discarded &&
    !saving.saved &&
    !refused &&
    check.diagnostics.length === 0;
  if (idle) return null;
  return (
    <section
      className="draft-bar"
      aria-label={t("config.bar")}
      data-testid="draft-bar"
      data-changed={changed || undefined}
    >
      {refused && (
        <div className="form-fault" role="alert">
          <strong>{refused.message}</strong>
          {refused instanceof ApiError && refused.help && <p className="muted">{refused.help}</p>}
        </div>
      )}
      {saving.interrupted && !refused && changed && (
        <p className="toast" role="status" data-testid="save-again">
          {t("config.save_again")}
        </p>
      )}
      {open && check.diagnostics.length > 0 && <Faults faults={check.diagnostics} onReveal={onReveal} />}
      <SavedToast saved={changed ? undefined : saving.saved} onGone={saving.forget} />
      {discarded && (
        <p className="toast" role="status">
          {t("config.discarded")}
          <button type="button" onClick={() => drafts.restore()}>
            {t("config.undo_discard")}
          </button>
        </p>
      )}
      <div className="bar-row">
        <span className="bar-state" role="status">
          <b data-testid="changes">
            {changed ? t("config.changes", { count: counts.places }) : t("config.no_changes")}
          </b>
          {changed && <Counts {...counts} />}
          {changed && !check.current && (
            <span className="muted">{t(check.error ? "config.unchecked" : "config.checking")}</span>
          )}
          {check.diagnostics.length > 0 && (
            <button type="button" className="faults-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
              {errors.length > 0 && (
                <span className="pill" data-tone="bad">
                  {t("config.errors", { count: errors.length })}
                </span>
              )}
              {warnings > 0 && (
                <span className="pill" data-tone="fair">
                  {t("config.warnings", { count: warnings })}
                </span>
              )}
            </button>
          )}
          {changed && check.current && errors.length === 0 && (
            <span className="pill" data-tone="good">
              {t("config.valid")}
            </span>
          )}
        </span>
        <span className="bar-tools">
          <button
            type="button"
            className="ghost icon"
            disabled={!canUndo(draft)}
            onClick={() => drafts.undo()}
            title={t("config.undo")}
            aria-label={t("config.undo")}
          >
            <Undo2 size={17} aria-hidden />
          </button>
          <button
            type="button"
            className="ghost icon"
            disabled={!canRedo(draft)}
            onClick={() => drafts.redo()}
            title={t("config.redo")}
            aria-label={t("config.redo")}
          >
            <Redo2 size={17} aria-hidden />
          </button>
          <button type="button" className="ghost with-icon" disabled={!changed} onClick={() => drafts.discard()}>
            <Trash2 size={16} aria-hidden />
            <span className="wide-only">{t("config.discard")}</span>
          </button>
          <button type="button" disabled={!changed} onClick={() => onReview("")}>
            {t("config.preview")}
          </button>
          <RehearseButton text={text} disabled={!changed || !check.current || errors.length > 0} />
          <button type="button" className="primary" disabled={blocked} onClick={() => void save()} data-testid="save">
            {t("config.save")}
          </button>
        </span>
      </div>
      {review !== undefined && (
        <Preview
          before={draft.base.text}
          after={text}
          comment={review}
          errors={errors}
          blocked={blocked}
          fault={saving.fault}
          onSave={(comment) => void save(comment)}
          onReveal={(place) => {
            onReview(undefined);
            onReveal(place);
          }}
          onClose={() => onReview(undefined)}
        />
      )}
    </section>
  );
}
