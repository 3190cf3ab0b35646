import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "#i18n";
import type { ScheduledJob } from "../../api/types";
import { described } from "../../i18n/described";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { Failure } from "../../layout/states";
import { useRights } from "../../session/rights";
import { joinHolds } from "../edges/join";
import { JobLink } from "../jobs/job-link";
import { useRuns } from "../jobs/jobs-data";
import { PauseButton } from "../jobs/pause/pause-button";
import { PauseNote } from "../jobs/pause/pause-note";
import { Progress, Took } from "../jobs/run-facts";
import { NextRun } from "../jobs/schedule-facts";
import { StatePill } from "../jobs/state-pill";
import { useProjectsOf } from "../jobs/summary-data";
import { useJobActions } from "../jobs/use-job-actions";
import { type GraphEdge, type GraphJob, nowOf } from "./graph-model";
import { TrendOf } from "./job-status";

interface Props {
  job: GraphJob;
  now: string;
  edges: GraphEdge[];
  /** Shows only what is related to the job; not given while only that is shown. */
  onAround: (() => void) | undefined;
  onClose: () => void;
}

/** One job beside the graph: how it stands in each project, what to do with it, and its latest runs. */
export default function JobPanel({ job, now, edges, onAround, onClose }: Props) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const title = useRef<HTMLHeadingElement>(null);
  const { act, fault, forget } = useJobActions();
  const { projectId } = useProjectScope();
  // Where projects are many, the first of them are looked at, and the job's page has all.
  const some = useProjectsOf(job.job, projectId, 1, job.rows === null);
  const rows = job.rows ?? some.data?.items ?? [];
  const upstream = edges.filter(({ to, join }) => to === job.job && !join).map(({ from }) => from);
  const downstream = [...new Set(edges.filter(({ from }) => from === job.job).map(({ to }) => to))];
  const { join } = job;
  // On a narrow screen the panel opens out of sight.
  useEffect(() => {
    title.current?.scrollIntoView?.({ block: "nearest" });
  }, []);
  return (
    <aside
      className="panel job-panel"
      aria-label={job.job}
      data-testid="job-panel"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header>
        <h2 ref={title}>
          <JobLink job={job.job} />
        </h2>
        <button
          type="button"
          className="ghost icon"
          aria-label={t("graph.close")}
          title={t("graph.close")}
          onClick={onClose}
        >
          <X size={16} aria-hidden />
        </button>
      </header>
      {job.description && <p className="muted">{described(job.description, t)}</p>}
      {fault && <Failure error={fault} retry={forget} />}
      <ul className="panel-projects">
        {rows.map((row) => (
          <li key={row.project_id}>
            <ProjectRow row={row} now={now} act={act} />
          </li>
        ))}
        {job.projects === 0 && <li className="muted">{t("jobs.not_scheduled", { job: job.job })}</li>}
      </ul>
      {job.projects > rows.length && some.data && (
        <Link to={scoped(`/jobs/${encodeURIComponent(job.job)}`)}>
          {t("graph.all_projects", { count: job.projects })}
        </Link>
      )}
      <TrendOf job={job} slots={Math.max(1, job.trend.length)} />
      <dl className="run-facts">
        <dt>{t("jobs.starts")}</dt>
        <dd>{[...new Set(rows.map(({ schedule }) => schedule ?? t("jobs.manually")))].join(", ")}</dd>
        {join && (
          <>
            <dt>{t("joins.after_all")}</dt>
            <dd data-testid="panel-join">
              {join.all_of.map((name) => (
                <JobLine key={name} name={name} />
              ))}
              <span className="muted">{joinHolds(join, t)}</span>
            </dd>
          </>
        )}
        {(!join || upstream.length > 0) && (
          <>
            <dt>{t("jobs.upstream")}</dt>
            <dd>
              {upstream.length > 0 ? upstream.map((name) => <JobLine key={name} name={name} />) : t("jobs.no_jobs")}
            </dd>
          </>
        )}
        <dt>{t("jobs.downstream")}</dt>
        <dd>
          {downstream.length > 0 ? downstream.map((name) => <JobLine key={name} name={name} />) : t("jobs.no_jobs")}
        </dd>
        <dt>{t("jobs.refreshes")}</dt>
        <dd>
          {job.dataKeys.map((key) => (
            <Link key={key} className="line" to={scoped(`/data/${encodeURIComponent(key)}`)}>
              <code>{key}</code>
            </Link>
          ))}
          {job.dataKeys.length === 0 && t("jobs.no_data")}
        </dd>
      </dl>
      {onAround && (
        <button type="button" onClick={onAround}>
          {t("graph.show_around")}
        </button>
      )}
      <LatestRuns job={job.job} now={now} />
      <Link to={scoped(`/jobs/${encodeURIComponent(job.job)}`)}>{t("graph.to_job")}</Link>
    </aside>
  );
}

const JobLine = ({ name }: { name: string }) => (
  <span className="line">
    <JobLink job={name} />
  </span>
);

function ProjectRow({
  row,
  now,
  act,
}: {
  row: ScheduledJob;
  now: string;
  act: ReturnType<typeof useJobActions>["act"];
}) {
  const { t } = useTranslation();
  const whyNot = useRights().whyNot("editor", row.project_id);
  return (
    <>
      <div className="about">
        <strong>{row.project_slug}</strong> <StatePill state={nowOf(row)} />
        {row.next_run_at && (
          <small className="muted">
            {t("graph.next")} <NextRun job={row} now={now} />
          </small>
        )}
        {row.current_run && <Progress run={row.current_run} />}
        <PauseNote job={row} />
      </div>
      <button
        type="button"
        disabled={!row.enabled || !!whyNot}
        title={whyNot}
        data-testid="panel-run"
        onClick={() => void act(row, "run")}
      >
        {t("jobs.run_now")}
      </button>
      <PauseButton job={row} act={act} />
    </>
  );
}

function LatestRuns({ job, now }: { job: string; now: string }) {
  const { t, i18n } = useTranslation();
  const { projectId, slug } = useProjectScope();
  const runs = useRuns({ project_id: projectId, job_type: job, state: "", page: 1 });
  const all = `/runs?${new URLSearchParams({ job, ...(slug && { project: slug }) })}`;
  return (
    <section className="latest-runs">
      <header>
        <h3>{t("graph.latest")}</h3>
        <Link to={all}>{t("runs.all")}</Link>
      </header>
      {runs.data?.items.length === 0 && <p className="muted">{t("jobs.never")}</p>}
      <ul>
        {runs.data?.items.slice(0, 6).map((run) => (
          <li key={run.id}>
            <Link to={`/runs/${run.id}`} data-testid="panel-run-link">
              <StatePill state={run.state} />
              {!projectId && <span>{run.project_slug}</span>}
              <span className="muted num">
                {relative(Math.min(0, Date.parse(run.queued_at) - Date.parse(now)), i18n.language)}
              </span>
              <span className="muted num">
                <Took run={run} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
