import { useTranslation } from "#i18n";
import type { ScheduledJob } from "../../api/types";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { PauseNote } from "./pause/pause-note";
import { Progress, Took } from "./run-facts";
import { StatePill } from "./state-pill";

interface Props {
  job: ScheduledJob;
}

/** What a job does now. */
export function JobState({ job }: Props) {
  const { t } = useTranslation();
  const paused = job.enabled && job.status === "paused";
  if (job.current_run) {
    return (
      <>
        <StatePill state={job.current_run.state} />
        {paused && <StatePill state="paused" />}
        <Progress run={job.current_run} />
        <PauseNote job={job} />
      </>
    );
  }
  if (!job.plugin_loaded) {
    return (
      <span className="pill" data-tone="fair" title={t("jobs.not_loaded_why")}>
        {t("jobs.not_loaded")}
      </span>
    );
  }
  return (
    <>
      <StatePill state={!job.enabled ? "disabled" : paused ? "paused" : "idle"} />
      {paused && <PauseNote job={job} />}
    </>
  );
}

/** When a job runs next, by the host's clock. */
export function NextRun({ job, now }: Props & { now: string }) {
  const { t, i18n } = useTranslation();
  if (!job.next_run_at || job.status === "paused" || !job.enabled) return <>–</>;
  const until = Date.parse(job.next_run_at) - Date.parse(now);
  return <>{until <= 0 ? t("jobs.due") : relative(until, i18n.language)}</>;
}

/** How a job ended last, which leads to that run. */
export function LastRun({ job }: Props) {
  const { t } = useTranslation();
  if (!job.last_run) return <span className="muted">{t("jobs.never")}</span>;
  return (
    <Link to={`/runs/${job.last_run.id}`} className="last">
      <StatePill state={job.last_run.state} />
      <span className="num muted">
        <Took run={job.last_run} />
      </span>
      <span className="muted">
        {job.last_run.summary ?? (job.last_run.state === "completed" ? null : job.last_run.error)}
      </span>
    </Link>
  );
}
