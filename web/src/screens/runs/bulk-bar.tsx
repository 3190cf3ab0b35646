import { X } from "lucide-react";
import { useTranslation } from "#i18n";
import { Link } from "../../layout/link";

import type { Bulk } from "./use-bulk";

interface Props {
  bulk: Bulk;
  ids: string[];
  onClear: () => void;
}

/** What can be done with the selected runs, and what came of it. Over the page: nothing moves for it. */
export default function BulkBar({ bulk, ids, onClear }: Props) {
  const { t } = useTranslation();
  const { armed, result, fault } = bulk;
  if (ids.length === 0 && !armed && !result && !fault) return null;
  const close = () => {
    bulk.forget();
    onClear();
  };
  return (
    <div className="bulk-bar" data-testid="bulk-bar">
      <div role="status" className="said">
        {armed ? (
          <strong>{t("runs.confirm_cancel", { count: armed.length })}</strong>
        ) : result ? (
          <strong data-testid="bulk-result">
            {t(`runs.done_${result.action}`, { count: result.done.length })}
            {result.refused.length > 0 && ` ${t("runs.refused", { count: result.refused.length })}`}
          </strong>
        ) : (
          ids.length > 0 && <strong>{t("runs.selected", { count: ids.length })}</strong>
        )}
        {fault && <span className="bad">{fault.message}</span>}
        {result && result.refused.length > 0 && (
          <ul>
            {result.refused.slice(0, 5).map(({ id, message }) => (
              <li key={id}>
                <Link to={`/runs/${id}`}>
                  <code>{id.slice(-8)}</code>
                </Link>{" "}
                {message}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="run-actions">
        {armed ? (
          <>
            <button
              type="button"
              className="primary"
              data-testid="bulk-confirm"
              onClick={() => bulk.ask("cancel", armed)}
            >
              {t("runs.yes_cancel", { count: armed.length })}
            </button>
            <button type="button" onClick={bulk.forget}>
              {t("runs.no_cancel")}
            </button>
          </>
        ) : (
          ids.length > 0 && (
            <>
              <button
                type="button"
                disabled={bulk.busy || !!bulk.whyNot}
                title={bulk.whyNot}
                data-testid="bulk-retry"
                onClick={() => bulk.ask("retry", ids)}
              >
                {t("jobs.retry")}
              </button>
              <button
                type="button"
                disabled={bulk.busy || !!bulk.whyNot}
                title={bulk.whyNot}
                data-testid="bulk-cancel"
                onClick={() => bulk.ask("cancel", ids)}
              >
                {t("jobs.cancel")}
              </button>
            </>
          )
        )}
        <button
          type="button"
          className="ghost icon"
          aria-label={t("runs.unselect")}
          title={t("runs.unselect")}
          onClick={close}
        >
          <X size={16} aria-hidden />
        </button>
      </div>
    </div>
  );
}
