import { useState } from "react";
import { useTranslation } from "#i18n";
import { get } from "../../api/client";
import type { JobQueue as Queue, Run, RunState } from "../../api/types";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useNow } from "../../live/use-now";
import { usePolledQuery } from "../../live/use-polled-query";
import { EditActions } from "../runs/edit/edit-actions";
import { AskedFor } from "../runs/more-of-run";
import { RunsLink } from "../runs/runs-link";
import { Reasons } from "../why/reasons";
import "./job-queue.css";
import { RunActions } from "./run-actions";

type Part = Queue["parts"][number];

/** No event tells that a run is asked for or begins. */
const BUSY_MS = 3000;
const FIRST = 10;
const MOST = 100;

/** Which states of runs the list is to show for a part. */
const STATES: Record<Part["part"], RunState> = {
  running: "running",
  waiting: "available",
  scheduled: "scheduled",
  behind: "available",
  retryable: "retryable",
};

/** What runs, waits and is to come of a job, in the order in which it is taken. */
export function JobQueue({ job }: { job: string }) {
  const { t } = useTranslation();
  const { projects, projectId } = useProjectScope();
  const [chosen, setChosen] = useState<string>();
  const project = projects.find(({ id }) => id === (chosen ?? projectId)) ?? projects[0];
  const [part, setPart] = useState<Part["part"]>();
  const [limit, setLimit] = useState(FIRST);
  const queue = usePolledQuery(
    ["jobs", "queue", job, project?.id, limit],
    () => get<Queue>(`/jobs/${encodeURIComponent(job)}/queue`, { project_id: project?.id, limit }),
    BUSY_MS,
    { events: () => false, enabled: project !== undefined },
  );
  const parts = queue.data?.parts ?? [];
  const closedBy = queue.data?.closed_by ?? [];
  const fullKeys = queue.data?.full_keys ?? [];
  // Until somebody chooses, what there is first.
  const shown = parts.find((each) => each.part === part) ?? parts.find(({ count }) => count > 0);
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  return (
    <section className="panel job-queue" aria-label={t("queue.title")} data-testid="job-queue">
      <header>
        <h2>{t("queue.title")}</h2>
        {projects.length > 1 && (
          <select
            aria-label={t("jobs.project")}
            value={project?.id ?? ""}
            onChange={({ target }) => setChosen(target.value)}
          >
            {projects.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </header>
      {queue.error && <Failure error={queue.error} retry={() => void queue.refresh()} />}
      {queue.loading && <Loading rows={2} />}
      {queue.data && (
        <div className="queue-parts" role="group" aria-label={t("queue.parts")}>
          {parts.map((each) => (
            <button
              key={each.part}
              type="button"
              aria-pressed={each === shown}
              disabled={each.count === 0}
              data-testid={`queue-${each.part}`}
              data-count={each.count}
              title={t(`queue.means.${each.part}`)}
              onClick={() => setPart(each.part)}
            >
              <strong className="num">{each.count}</strong> {t(`queue.part.${each.part}`)}
            </button>
          ))}
        </div>
      )}
      {queue.data && total === 0 && <Empty>{t("queue.empty")}</Empty>}
      {shown && shown.count > 0 && (
        <>
          <p className="muted">{t(`queue.means.${shown.part}`)}</p>
          {shown.part === "waiting" && project && closedBy.length > 0 && (
            <div data-testid="queue-closed-by">
              <h3>{t("queue.closed_by")}</h3>
              <Reasons reasons={closedBy} place={{ job, project_id: project.id }} />
            </div>
          )}
          {shown.part === "behind" && project && fullKeys.length > 0 && (
            <div data-testid="queue-full-keys">
              <Reasons reasons={fullKeys} place={{ job, project_id: project.id }} />
            </div>
          )}
          <QueuedRuns part={shown} onDone={queue.refresh} />
          <p className="queue-more">
            {shown.items.length < shown.count && (
              <span className="muted num">{t("queue.first", { shown: shown.items.length, of: shown.count })}</span>
            )}
            {shown.items.length < shown.count && limit < MOST && (
              <button type="button" onClick={() => setLimit(MOST)}>
                {t("queue.more", { most: MOST })}
              </button>
            )}
            <RunsLink jobs={[job]} states={[STATES[shown.part]]}>
              {t("runs.all_found")}
            </RunsLink>
          </p>
        </>
      )}
    </section>
  );
}

function QueuedRuns({ part, onDone }: { part: Part; onDone: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  return (
    <div className="scroll">
      <table className="stack-table" role="table" aria-label={t(`queue.part.${part.part}`)}>
        <thead role="rowgroup">
          <tr role="row">
            {[t("jobs.run"), t("queue.since"), t("queue.asked"), t("runs.args"), t("queue.actions")].map((heading) => (
              <th key={heading} role="columnheader">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {part.items.map((run) => (
            <tr key={run.id} role="row" data-testid="queued-run">
              <td role="cell">
                <Link to={`/runs/${run.id}`}>
                  <code>{run.id.slice(-8)}</code>
                </Link>
              </td>
              <td role="cell" className="num muted" data-label={t("queue.since")}>
                <Since run={run} now={now} />
              </td>
              <td role="cell" data-label={t("queue.asked")}>
                <AskedFor run={run} />
              </td>
              <td role="cell" className="queue-args" data-label={t("runs.args")} data-empty={!run.args || undefined}>
                {run.args && <code title={JSON.stringify(run.args, null, 2)}>{JSON.stringify(run.args)}</code>}
              </td>
              <td role="cell" className="actions">
                <EditActions run={run} onDone={onDone} />
                <RunActions run={run} onDone={onDone} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How long it runs or waits. */
function Since({ run, now }: { run: Run; now: number }) {
  const { i18n } = useTranslation();
  const at = run.state === "running" && run.started_at ? run.started_at : run.queued_at;
  return <time dateTime={at}>{relative(Math.min(0, Date.parse(at) - now), i18n.language)}</time>;
}
