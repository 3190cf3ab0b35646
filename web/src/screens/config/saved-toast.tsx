import { CircleCheck, LoaderCircle, X } from "lucide-react";
import { useTranslation } from "#i18n";

import { useJobsConfig } from "../../live/use-jobs-config";

/** A file that is saved is not yet in force: the host takes it up by itself, a moment later. `saved` is its revision. */
export function SavedToast({ saved, onGone }: { saved: string | undefined; onGone: () => void }) {
  const { t } = useTranslation();
  const config = useJobsConfig();
  if (!saved) return null;
  const inForce = config.data?.revision === saved;
  return (
    <p className="toast" role="status" data-testid="saved" data-in-force={inForce || undefined}>
      <span className="with-icon">
        {inForce ? <CircleCheck size={17} aria-hidden /> : <LoaderCircle size={17} className="spin" aria-hidden />}
        {t(inForce ? "config.in_force" : "config.saved")}
      </span>
      <button type="button" className="ghost icon" aria-label={t("config.close")} onClick={onGone}>
        <X size={15} aria-hidden />
      </button>
    </p>
  );
}
