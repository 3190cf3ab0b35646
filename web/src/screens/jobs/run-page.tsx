import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { JobLink } from "./job-link";
import "./jobs.css";
import { useRun, useRunLog } from "./jobs-data";
import { RunActions } from "./run-actions";
import { Progress, StatePill, Took, TriggerText } from "./run-facts";

export default function RunPage() {
  const { t, i18n } = useTranslation();
  const { id = "" } = useParams();
  const run = useRun(id);
  const log = useRunLog(id);
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium" });
  if (run.loading) return <Loading rows={4} />;
  if (!run.data) return <Failure error={run.error ?? new Error(id)} retry={() => void run.refresh()} />;
  const it = run.data;
  return (
    <>
      <div className="head">
        <div>
          <Link to="/jobs">← {t("jobs.back")}</Link>
          <h1>
            <JobLink job={it.job_type} />
          </h1>
        </div>
        <div className="run-tools">
          <RunActions run={it} onDone={run.refresh} />
          <LastUpdatedIndicator of={run} />
        </div>
      </div>
      <section className="panel">
        <dl className="run-facts">
          <dt>{t("jobs.state")}</dt>
          <dd>
            <StatePill state={it.state} /> {t("jobs.attempt", { attempt: it.attempt, max: it.max_attempts })}
            <Progress run={it} />
          </dd>
          <dt>{t("jobs.project")}</dt>
          <dd>{it.project_slug}</dd>
          <dt>{t("jobs.trigger")}</dt>
          <dd>
            <TriggerText trigger={it.triggered_by} />
          </dd>
          <dt>{t("jobs.took")}</dt>
          <dd className="num">
            <Took run={it} />
          </dd>
          <dt>{t("jobs.result")}</dt>
          <dd>{it.error ?? it.summary ?? "–"}</dd>
          <dt>{t("jobs.trace")}</dt>
          <dd>
            <code>{it.trace_id}</code>
          </dd>
        </dl>
      </section>
      <section className="panel">
        <h2>{t("jobs.log")}</h2>
        {log.data?.items.length === 0 && <Empty>{t("jobs.no_log")}</Empty>}
        <ol className="log">
          {log.data?.items.map((line, at) => (
            <li key={at} data-level={line.level}>
              <time className="num muted" dateTime={line.at}>
                {time.format(new Date(line.at))}
              </time>
              <span>{line.message}</span>
              {line.fields && <code className="muted">{JSON.stringify(line.fields)}</code>}
            </li>
          ))}
        </ol>
      </section>
      <section className="panel">
        <h2>{t("jobs.payload")}</h2>
        <pre className="scroll">{JSON.stringify(it.payload, null, 2)}</pre>
      </section>
    </>
  );
}
