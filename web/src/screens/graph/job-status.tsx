import { useTranslation } from "#i18n";

import { relative } from "../../i18n/time";
import { EndMarks } from "../jobs/end-marks";
import { StatePill } from "../jobs/state-pill";
import type { GraphJob } from "./graph-model";
import { Sparkline } from "./sparkline";

/** What a job does now: the worst over the projects, and of how many that holds. */
export function NowPill({ job }: { job: GraphJob }) {
  const { t } = useTranslation();
  const worst = job.now[0];
  if (!worst)
    return (
      <span className="pill" data-tone="rest">
        {t("graph.unscheduled")}
      </span>
    );
  return (
    <span className="job-now">
      <StatePill state={worst.state} />
      {job.projects > 1 && worst.count < job.projects && (
        <span className="muted num">{t("graph.of", { count: worst.count, of: job.projects })}</span>
      )}
    </span>
  );
}

/** `completed 2 min. ago`, of the worst last result. */
export function LastText({ job, now }: { job: GraphJob; now: string }) {
  const { t, i18n } = useTranslation();
  if (!job.last) return <span className="muted">{t("jobs.never")}</span>;
  const { run, count } = job.last;
  const ago = run.finished_at ? Math.min(0, Date.parse(run.finished_at) - Date.parse(now)) : 0;
  return (
    <span className="last-text">
      <span className="result" data-state={run.state}>
        {t(`jobs.run_states.${run.state}`)}
        {job.projects > 1 && run.state !== "completed" && ` ${t("graph.of", { count, of: job.projects })}`}
      </span>{" "}
      <span className="muted num">{relative(ago, i18n.language)}</span>
    </span>
  );
}

/** When it runs next, of the soonest project. */
export function NextText({ job, now }: { job: GraphJob; now: string }) {
  const { t, i18n } = useTranslation();
  if (!job.nextRunAt) return <span className="muted">{t("graph.no_next")}</span>;
  const until = Date.parse(job.nextRunAt) - Date.parse(now);
  return <span className="num">{until <= 0 ? t("jobs.due") : relative(until, i18n.language)}</span>;
}

/** What the latest runs took, or at least how they ended. */
export function TrendOf({ job, slots }: { job: GraphJob; slots?: number }) {
  return job.rows === null ? <EndMarks ends={job.ends} /> : <Sparkline runs={job.trend} slots={slots} />;
}
