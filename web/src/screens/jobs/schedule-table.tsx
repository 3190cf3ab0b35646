import { useTranslation } from "#i18n";
import type { ScheduledJob } from "../../api/types";
import { described } from "../../i18n/described";
import { useRights } from "../../session/rights";
import { JobLink } from "./job-link";
import { PauseButton } from "./pause/pause-button";
import { JobState, LastRun, NextRun } from "./schedule-facts";
import type { JobAct } from "./use-job-actions";

interface Props {
  jobs: ScheduledJob[];
  now: string;
  act: JobAct;
  /** Whether all are of one job, which then need not be named. */
  ofOneJob?: boolean;
}

/** Jobs of projects, a row each, with what can be done. */
export function ScheduleTable({ jobs, now, act, ofOneJob = false }: Props) {
  const { t } = useTranslation();
  const columns = [...(ofOneJob ? [] : ["job"]), "project", "state", "starts", "next", "last"];
  return (
    <table className="jobs-table stack-table" role="table">
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} role="columnheader">
              {t(`jobs.${column}`)}
            </th>
          ))}
          <th role="columnheader">
            <span className="sr-only">{t("jobs.run_now")}</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {jobs.map((job) => (
          <Row key={`${job.project_id}/${job.job_type}`} job={job} now={now} act={act} ofOneJob={ofOneJob} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  job: ScheduledJob;
  now: string;
  act: JobAct;
  ofOneJob: boolean;
}

function Row({ job, now, act, ofOneJob }: RowProps) {
  const { t } = useTranslation();
  const starts = [
    ...(job.upstream.length > 0 ? [t("jobs.after", { jobs: job.upstream.join(", ") })] : []),
    ...(job.schedule ? [job.schedule] : []),
  ];
  const whyNot = useRights().whyNot("editor", job.project_id);
  const whyNoRun = whyNot ?? (job.plugin_loaded ? undefined : t("jobs.not_loaded_why"));
  return (
    <tr role="row" data-testid="job-row" data-job-type={job.job_type} data-project-slug={job.project_slug}>
      {!ofOneJob && (
        <td role="cell" className="job">
          <JobLink job={job.job_type} title={described(job.description, t)} />
        </td>
      )}
      <td role="cell" className="project" data-label={t("jobs.project")}>
        {job.project_slug}
      </td>
      <td role="cell" data-testid="job-state" data-label={t("jobs.state")}>
        <JobState job={job} />
      </td>
      <td role="cell" className="muted starts" data-label={t("jobs.starts")}>
        {starts.length > 0 ? starts.join(" · ") : t("jobs.manually")}
      </td>
      <td role="cell" className="num" data-label={t("jobs.next")}>
        <NextRun job={job} now={now} />
      </td>
      <td role="cell" data-label={t("jobs.last")}>
        <LastRun job={job} />
      </td>
      <td role="cell" className="actions">
        <div>
          <button
            type="button"
            data-testid="run-now"
            disabled={!job.enabled || !!whyNoRun}
            title={whyNoRun}
            onClick={() => void act(job, "run")}
          >
            {t("jobs.run_now")}
          </button>
          <PauseButton job={job} act={act} />
        </div>
      </td>
    </tr>
  );
}
