import { Pause, Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ScheduledJob } from "../../api/types";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { useRights } from "../../session/rights";
import { ChainTree } from "./chain-tree";
import { JobLink } from "./job-link";
import "./jobs.css";
import { useJobsStatus } from "./jobs-data";
import { Runs } from "./runs";
import { JobState, LastRun, NextRun } from "./schedule-facts";
import { type JobAction, useJobActions } from "./use-job-actions";

export default function Jobs() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const status = useJobsStatus(projectId);
  const { act, fault, forget } = useJobActions();
  const error = fault ?? status.error;
  const failing = status.data?.items.filter(({ last_run }) => last_run?.state === "failed").length ?? 0;
  usePageTitle(failing > 0 ? t("jobs.failing", { count: failing }) : "", t("nav.jobs"));
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.jobs")}</h1>
          <p className="muted">{t("jobs.lead")}</p>
        </div>
        <LastUpdatedIndicator of={status} />
      </div>
      {error && (
        <Failure
          error={error}
          retry={() => {
            forget();
            void status.refresh();
          }}
        />
      )}
      {status.loading && <Loading rows={6} />}
      {status.data?.items.length === 0 && <Empty>{t("jobs.none")}</Empty>}
      {status.data && status.data.items.length > 0 && (
        <section className="panel scroll">
          <table className="jobs-table stack-table" role="table">
            <thead role="rowgroup">
              <tr role="row">
                {["job", "project", "state", "starts", "next", "last"].map((column) => (
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
              {status.data.items.map((job) => (
                <Row key={`${job.project_id}/${job.job_type}`} job={job} now={status.data?.now ?? ""} act={act} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {/* Not before the table above has its height: nothing jumps. */}
      {!status.loading && (
        <>
          <ChainTree />
          <Runs projectId={projectId} />
        </>
      )}
    </>
  );
}

interface RowProps {
  job: ScheduledJob;
  now: string;
  act: (job: ScheduledJob, action: JobAction) => Promise<void>;
}

function Row({ job, now, act }: RowProps) {
  const { t } = useTranslation();
  const starts = [
    ...(job.upstream.length > 0 ? [t("jobs.after", { jobs: job.upstream.join(", ") })] : []),
    ...(job.schedule ? [job.schedule] : []),
  ];
  const paused = job.status === "paused";
  const whyNot = useRights().whyNot("editor", job.project_id);
  const whyNoRun = whyNot ?? (job.plugin_loaded ? undefined : t("jobs.not_loaded_why"));
  return (
    <tr role="row" data-testid="job-row" data-job-type={job.job_type} data-project-slug={job.project_slug}>
      <td role="cell" className="job">
        <JobLink job={job.job_type} title={job.description} />
      </td>
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
          <button
            type="button"
            className="ghost"
            disabled={!!whyNot}
            title={whyNot ?? t(paused ? "jobs.resume" : "jobs.pause")}
            aria-label={`${t(paused ? "jobs.resume" : "jobs.pause")} ${job.job_type}`}
            onClick={() => void act(job, paused ? "resume" : "pause")}
          >
            {paused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
          </button>
        </div>
      </td>
    </tr>
  );
}
