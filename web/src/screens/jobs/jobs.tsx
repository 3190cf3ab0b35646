import { useQueryClient } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { post } from "../../api/client";
import type { ScheduledJob } from "../../api/types";
import { relative } from "../../i18n/time";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { ChainTree } from "./chain-tree";
import "./jobs.css";
import { useJobsStatus } from "./jobs-data";
import { Progress, StatePill, Took } from "./run-facts";
import { Runs } from "./runs";

export default function Jobs() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const status = useJobsStatus(projectId);
  const client = useQueryClient();
  const [fault, setFault] = useState<Error>();
  const act = async (job: ScheduledJob, action: "run" | "pause" | "resume") => {
    try {
      await post(`/jobs/${job.job_type}/${action}`, { project_id: job.project_id });
      setFault(undefined);
    } catch (error) {
      setFault(error as Error);
    }
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };
  const error = fault ?? status.error;
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
            setFault(undefined);
            void status.refresh();
          }}
        />
      )}
      {status.loading && <Loading rows={6} />}
      {status.data?.items.length === 0 && <Empty>{t("jobs.none")}</Empty>}
      {status.data && status.data.items.length > 0 && (
        <section className="panel scroll">
          <table>
            <thead>
              <tr>
                {["job", "project", "state", "starts", "next", "last"].map((column) => (
                  <th key={column}>{t(`jobs.${column}`)}</th>
                ))}
                <th aria-label={t("jobs.run_now")} />
              </tr>
            </thead>
            <tbody>
              {status.data.items.map((job) => (
                <Row key={`${job.project_id}/${job.job_type}`} job={job} now={status.data?.now ?? ""} act={act} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <ChainTree />
      <Runs projectId={projectId} />
    </>
  );
}

interface RowProps {
  job: ScheduledJob;
  now: string;
  act: (job: ScheduledJob, action: "run" | "pause" | "resume") => Promise<void>;
}

function Row({ job, now, act }: RowProps) {
  const { t, i18n } = useTranslation();
  const untilNext = job.next_run_at ? Date.parse(job.next_run_at) - Date.parse(now) : null;
  const starts = [
    ...(job.upstream.length > 0 ? [t("jobs.after", { jobs: job.upstream.join(", ") })] : []),
    ...(job.schedule ? [job.schedule] : []),
  ];
  const paused = job.status === "paused";
  return (
    <tr data-testid="job-row" data-job-type={job.job_type} data-project-slug={job.project_slug}>
      <td>
        <code title={job.description}>{job.job_type}</code>
      </td>
      <td>{job.project_slug}</td>
      <td data-testid="job-state">
        {job.current_run ? (
          <StatePill state={job.current_run.state} />
        ) : (
          <span className="muted">{t(!job.enabled ? "jobs.disabled" : paused ? "jobs.paused" : "jobs.idle")}</span>
        )}
        {job.current_run && <Progress run={job.current_run} />}
      </td>
      <td className="muted">{starts.length > 0 ? starts.join(" · ") : t("jobs.by_hand")}</td>
      <td className="num">
        {untilNext === null || paused || !job.enabled
          ? "–"
          : untilNext <= 0
            ? t("jobs.due")
            : relative(untilNext, i18n.language)}
      </td>
      <td>
        {job.last_run ? (
          <Link to={`/runs/${job.last_run.id}`} className="last">
            <StatePill state={job.last_run.state} />
            <span className="num muted">
              <Took run={job.last_run} />
            </span>
            <span className="muted">{job.last_run.summary ?? job.last_run.error}</span>
          </Link>
        ) : (
          <span className="muted">{t("jobs.never")}</span>
        )}
      </td>
      <td className="actions">
        <button type="button" data-testid="run-now" disabled={!job.enabled} onClick={() => void act(job, "run")}>
          {t("jobs.run_now")}
        </button>
        <button
          type="button"
          className="ghost"
          title={t(paused ? "jobs.resume" : "jobs.pause")}
          aria-label={`${t(paused ? "jobs.resume" : "jobs.pause")} ${job.job_type}`}
          onClick={() => void act(job, paused ? "resume" : "pause")}
        >
          {paused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
        </button>
      </td>
    </tr>
  );
}
