import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { get } from "../../api/client";
import type { HistoryItem, LogLine, Run, RunLogs, RunPage } from "../../api/types";
import { Link } from "../../layout/link";
import { Failure, Loading } from "../../layout/states";
import { useRights } from "../../session/rights";
import { readHistory } from "../config/config-api";
import { Took } from "../jobs/run-facts";
import "./compare.css";
import { differences, onlyIn, timesAsLong } from "./compare";

/** Of each log: enough to see what is new, and quickly read. */
const LOG_LINES = 1000;
const SHOWN_LINES = 8;

/** What is other than when the job last succeeded in this project: asked for, as it takes four requests. */
export function CompareWithGood({ run }: { run: Run }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const good = useQuery({
    queryKey: ["jobs", "last-good", run.id],
    queryFn: async () => {
      const query = { job_type: run.job_type, project_id: run.project_id, state: "completed", to: run.queued_at };
      const page = await get<RunPage>("/jobs/runs", { ...query, sort: "-queued_at", per_page: 1 });
      return page.items[0] ?? null;
    },
    enabled: asked,
  });
  return (
    <section className="panel compare" aria-label={t("compare.title")} data-testid="compare">
      <header>
        <h2>{t("compare.title")}</h2>
        {!asked && (
          <button type="button" onClick={() => setAsked(true)}>
            {t("compare.ask")}
          </button>
        )}
        {good.data && (
          <Link to={`/runs/${good.data.id}`}>
            {t("compare.good_run")} <code>{good.data.id.slice(-8)}</code>
          </Link>
        )}
      </header>
      {asked && good.isPending && <Loading rows={2} />}
      {good.error && <Failure error={good.error} retry={() => void good.refetch()} />}
      {good.data === null && <p className="muted">{t("compare.none")}</p>}
      {good.data && <Comparison good={good.data} run={run} />}
    </section>
  );
}

function Comparison({ good, run }: { good: Run; run: Run }) {
  const { t, i18n } = useTranslation();
  const log = (id: string) => get<RunLogs>(`/jobs/runs/${id}/logs`, { limit: LOG_LINES });
  const logs = useQuery({
    queryKey: ["jobs", "compared-logs", good.id, run.id, run.attempt],
    queryFn: () => Promise.all([log(good.id), log(run.id)]),
  });
  const times = timesAsLong(good, run);
  const args = differences(good.args, run.args);
  return (
    <>
      <dl className="run-facts">
        <dt>{t("jobs.took")}</dt>
        <dd className="num">
          <Took run={good} /> → <Took run={run} />
          {times !== undefined && (
            <span className="muted">
              {" "}
              {t("compare.times", {
                times: new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 }).format(times),
              })}
            </span>
          )}
        </dd>
        <Revisions good={good} run={run} />
        <dt>{t("runs.args")}</dt>
        <dd>
          {args.length === 0 && <span className="muted">{t("compare.same")}</span>}
          {args.map(({ path, good, here }) => (
            <div key={path} className="difference">
              <code>{path}</code> <del>{good ?? "–"}</del> <ins>{here ?? "–"}</ins>
            </div>
          ))}
        </dd>
      </dl>
      {logs.isPending && <Loading rows={2} />}
      {logs.error && <Failure error={logs.error} retry={() => void logs.refetch()} />}
      {logs.data && (
        <div className="compared-logs">
          <Lines title={t("compare.only_here")} lines={onlyIn(logs.data[1].items, logs.data[0].items)} />
          <Lines title={t("compare.only_good")} lines={onlyIn(logs.data[0].items, logs.data[1].items)} />
        </div>
      )}
    </>
  );
}

/** Which jobs.toml, and so which params, was in force; administrators alone may know. */
function Revisions({ good, run }: { good: Run; run: Run }) {
  const { t } = useTranslation();
  const { admin } = useRights();
  const history = useQuery({
    queryKey: ["config", "history", "latest"],
    queryFn: () => readHistory(1),
    enabled: admin,
  });
  const [before, now] = [good, run].map(({ started_at, queued_at }) =>
    inForce(history.data?.items ?? [], started_at ?? queued_at),
  );
  if (!before || !now) return null;
  return (
    <>
      <dt>{t("compare.revision")}</dt>
      <dd>
        {before.revision === now.revision ? (
          <span className="muted">{t("compare.same")}</span>
        ) : (
          <Link to="/config/history">
            <code>{before.revision.slice(0, 8)}</code> → <code>{now.revision.slice(0, 8)}</code>
          </Link>
        )}
      </dd>
    </>
  );
}

/** The text that was in force at a time, of those of the newest page. */
const inForce = (newestFirst: HistoryItem[], at: string): HistoryItem | undefined =>
  newestFirst.find((version) => Date.parse(version.at) <= Date.parse(at));

function Lines({ title, lines }: { title: string; lines: LogLine[] }) {
  const { t } = useTranslation();
  return (
    <div role="group" aria-label={title}>
      <h3>{title}</h3>
      {lines.length === 0 && <p className="muted">{t("compare.no_lines")}</p>}
      <ol className="log">
        {lines.slice(0, SHOWN_LINES).map((line) => (
          <li key={line.seq} data-level={line.level}>
            {line.message}
          </li>
        ))}
      </ol>
      {lines.length > SHOWN_LINES && (
        <p className="muted num">{t("compare.more_lines", { more: lines.length - SHOWN_LINES })}</p>
      )}
    </div>
  );
}
