import { useTranslation } from "#i18n";

import type { ScheduledJob } from "../../../api/types";
import "./pause-note.css";

/** Until when a job is paused, by whom and why, as far as that is noted. */
export function PauseNote({ job }: { job: ScheduledJob }) {
  const { t, i18n } = useTranslation();
  const { pause } = job;
  if (job.status !== "paused" || !pause) return null;
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: "short", timeStyle: "short" });
  return (
    <span className="pause-note muted" data-testid="pause-note">
      {pause.until && (
        <time dateTime={pause.until} className="num">
          {t("jobs.pause_until.until", { time: time.format(new Date(pause.until)) })}
        </time>
      )}
      {pause.reason && <span>{pause.reason}</span>}
      {pause.by && <span>{t("jobs.pause_until.by", { name: pause.by })}</span>}
    </span>
  );
}
