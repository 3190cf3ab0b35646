import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";
import type { RunState } from "../../api/types";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { Pager } from "../../layout/pager";
import { Empty, Failure, Loading } from "../../layout/states";
import { RunsLink } from "../runs/runs-link";
import { useRuns } from "./jobs-data";
import { Took, TriggerText } from "./run-facts";
import { StatePill } from "./state-pill";

const STATES: RunState[] = ["available", "running", "retryable", "completed", "failed", "cancelled"];

/** Runs, newest first; of one job, if it is named. */
export function Runs({ projectId, job }: { projectId: string | undefined; job?: string }) {
  const { t, i18n } = useTranslation();
  const [state, setState] = useState<RunState | "">("");
  const [page, setPage] = useState(1);
  useEffect(() => setPage(1), [projectId, job, state]);
  const runs = useRuns({ project_id: projectId, job_type: job, state, page });
  return (
    <section className="panel">
      <header>
        <h2>{t("jobs.runs")}</h2>
        <RunsLink jobs={job ? [job] : []} states={state ? [state] : []}>
          {t("runs.all_found")}
        </RunsLink>
        <select
          aria-label={t("jobs.state")}
          value={state}
          onChange={(event) => setState(event.target.value as RunState | "")}
        >
          <option value="">{t("jobs.any_state")}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {t(`jobs.run_states.${state}`)}
            </option>
          ))}
        </select>
      </header>
      {runs.error && <Failure error={runs.error} retry={() => void runs.refresh()} />}
      {runs.loading && <Loading rows={5} />}
      {runs.data?.items.length === 0 && <Empty>{t("jobs.no_runs")}</Empty>}
      {runs.data && runs.data.items.length > 0 && (
        <div className="scroll">
          <table className="stack-table" role="table">
            <thead role="rowgroup">
              <tr role="row">
                {[job ? "run" : "job", "project", "state", "trigger", "queued", "took", "result"].map((column) => (
                  <th key={column} role="columnheader">
                    {t(`jobs.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {runs.data.items.map((run) => (
                <tr key={run.id} role="row">
                  <td role="cell">
                    <Link to={`/runs/${run.id}`}>
                      <code>{job ? run.id.slice(-8) : run.job_type}</code>
                    </Link>
                  </td>
                  <td role="cell" data-label={t("jobs.project")}>
                    {run.project_slug}
                  </td>
                  <td role="cell" data-label={t("jobs.state")}>
                    <StatePill state={run.state} />
                  </td>
                  <td role="cell" className="muted" data-label={t("jobs.trigger")}>
                    <TriggerText trigger={run.triggered_by} />
                  </td>
                  <td role="cell" className="num muted" data-label={t("jobs.queued")}>
                    {relative(Date.parse(run.queued_at) - Date.now(), i18n.language)}
                  </td>
                  <td role="cell" className="num" data-label={t("jobs.took")}>
                    <Took run={run} />
                  </td>
                  <td
                    role="cell"
                    className="result"
                    data-label={t("jobs.result")}
                    data-empty={!(run.error ?? run.summary) || undefined}
                  >
                    {run.error ?? run.summary}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {runs.data && <Pager page={page} perPage={runs.data.per_page} total={runs.data.total} onPage={setPage} />}
    </section>
  );
}
