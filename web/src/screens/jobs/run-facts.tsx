import { useTranslation } from "#i18n";

import type { Run, Trigger } from "../../api/types";
import { duration } from "../../i18n/time";

/** Why a run exists, in words. */
export function TriggerText({ trigger }: { trigger: Trigger }) {
  const { t } = useTranslation();
  if (trigger.kind === "cascade") return <>{t("jobs.after", { jobs: trigger.job_type })}</>;
  return <>{t(`jobs.${trigger.kind}`)}</>;
}

/** How long a run took, or has taken so far. */
export function Took({ run }: { run: Run }) {
  const { i18n } = useTranslation();
  // Of an attempt that failed the list does not have the end.
  if (!run.started_at || run.state === "retryable") return <>–</>;
  const end = run.finished_at ? Date.parse(run.finished_at) : Date.now();
  return <>{duration(Math.max(0, end - Date.parse(run.started_at)), i18n.language)}</>;
}

export function Progress({ run }: { run: Run }) {
  if (run.state !== "running" || !run.progress) return null;
  const percent = Math.round(run.progress.fraction * 100);
  return (
    <div className="progress">
      <progress max={100} value={percent} aria-label={run.progress.message} />
      <small className="muted">{run.progress.message}</small>
    </div>
  );
}
