import { useTranslation } from "#i18n";
import { useServerNow } from "../../api/server-clock";
import type { Cascade, Run, RunDetails as RunDetailsData } from "../../api/types";
import { fullTimeOf, relative } from "../../i18n/time";
import { CopyButton } from "../../layout/copy-button";
import { Link } from "../../layout/link";
import { useNow } from "../../live/use-now";
import { Progress, Took, TriggerText } from "../jobs/run-facts";
import { TriggerChain } from "../trace/trigger-chain";
import { isOver } from "./runs-data";
import { RunsLink } from "./runs-link";
import { useWho } from "./use-who";

/** What is to be known of a run: why, when, how often tried, and what came of it. */
export function RunDetails({ run, cascade }: { run: RunDetailsData; cascade: Cascade | undefined }) {
  const { t, i18n } = useTranslation();
  const who = useWho(run);
  // While it runs, its length grows.
  useNow(isOver(run) ? 60_000 : 250);
  const time = fullTimeOf(i18n.language);
  const at = (text: string | null) => (text ? <time dateTime={text}>{time.format(new Date(text))}</time> : "–");
  return (
    <>
      {run.error && (
        <section className="panel run-error" role="group" aria-label={t("runs.error")}>
          <header>
            <h2>{t("runs.error")}</h2>
            <CopyButton label={t("runs.copy_error")} text={() => run.error ?? ""} />
          </header>
          <pre tabIndex={0}>{run.error}</pre>
        </section>
      )}
      <section className="panel run-details">
        <dl className="run-facts">
          <dt>{t("runs.why")}</dt>
          <dd>
            {cascade ? <TriggerChain cascade={cascade} id={run.id} /> : <TriggerText trigger={run.triggered_by} />}
          </dd>
          {(who.asked ?? run.asked_by) && (
            <>
              <dt>{t("runs.asked_by")}</dt>
              <dd data-testid="asked-by">{who.asked ?? run.asked_by}</dd>
            </>
          )}
          {run.rerun_of && (
            <>
              <dt>{t("again.rerun_of")}</dt>
              <dd data-testid="rerun-of">
                <RunId id={run.rerun_of} />
              </dd>
            </>
          )}
          {run.reruns.length > 0 && (
            <>
              <dt>{t("again.reruns")}</dt>
              <dd data-testid="reruns">
                {run.reruns.map((id) => (
                  <RunId key={id} id={id} />
                ))}
              </dd>
            </>
          )}
          {run.key && (
            <>
              <dt>{t("runs.key")}</dt>
              <dd data-testid="run-key">
                <code>{run.key}</code>
              </dd>
            </>
          )}
          {run.priority > 0 && (
            <>
              <dt>{t("runs.priority")}</dt>
              <dd>{run.priority}</dd>
            </>
          )}
          {who.cancelled && (
            <>
              <dt>{t("runs.cancelled_by")}</dt>
              <dd data-testid="cancelled-by">{who.cancelled}</dd>
            </>
          )}
          <dt>{t("runs.attempts")}</dt>
          <dd>
            {t("jobs.attempt", { attempt: run.attempt, max: run.max_attempts })}
            <Attempts run={run} />
          </dd>
          <NextAttempt run={run} />
          {run.state === "running" && run.progress && (
            <>
              <dt>{t("runs.progress")}</dt>
              <dd data-testid="run-progress">
                <span className="num">{Math.round(run.progress.fraction * 100)} %</span>
                <Progress run={run} />
              </dd>
            </>
          )}
          {run.summary && (
            <>
              <dt>{t("jobs.result")}</dt>
              <dd>{run.summary}</dd>
            </>
          )}
          <dt>{t("jobs.project")}</dt>
          <dd>
            <Link to={`/runs?project=${encodeURIComponent(run.project_slug)}`}>{run.project_slug}</Link>
          </dd>
        </dl>
        <dl className="run-facts num">
          <dt>{t("jobs.queued")}</dt>
          <dd>{at(run.queued_at)}</dd>
          {run.run_at && (
            <>
              <dt>{t("runs.not_before")}</dt>
              <dd>{at(run.run_at)}</dd>
            </>
          )}
          <dt>{t("runs.started")}</dt>
          <dd>{at(run.started_at)}</dd>
          <dt>{t("runs.finished")}</dt>
          <dd>{at(run.finished_at)}</dd>
          <dt>{t("jobs.took")}</dt>
          <dd>
            <Took run={run} />
          </dd>
          <dt>{t("runs.id")}</dt>
          <dd className="with-copy">
            <code>{run.id}</code> <CopyButton label={t("runs.copy_id")} text={() => run.id} />
          </dd>
          <dt>{t("jobs.trace")}</dt>
          <dd>
            <RunsLink trace={run.trace_id}>
              <code>{run.trace_id}</code>
            </RunsLink>
          </dd>
        </dl>
      </section>
    </>
  );
}

/** When a run that waits for a time goes on. */
function NextAttempt({ run }: { run: RunDetailsData }) {
  const { t, i18n } = useTranslation();
  const now = useServerNow();
  if (!run.next_attempt_at) return null;
  const left = Date.parse(run.next_attempt_at) - now;
  const time = fullTimeOf(i18n.language);
  return (
    <>
      <dt>{t(run.state === "retryable" ? "runs.next_attempt" : "runs.begins")}</dt>
      <dd data-testid="next-attempt">
        <time dateTime={run.next_attempt_at}>{time.format(new Date(run.next_attempt_at))}</time>{" "}
        <span className="muted num">{left > 0 ? relative(left, i18n.language) : t("jobs.due")}</span>
      </dd>
    </>
  );
}

function RunId({ id }: { id: string }) {
  return (
    <>
      <Link to={`/runs/${id}`}>
        <code>{id.slice(-8)}</code>
      </Link>{" "}
    </>
  );
}

const MOST_DOTS = 12;

/** A dot for each attempt there is or may be. */
function Attempts({ run }: { run: Run }) {
  if (run.max_attempts < 2 || run.max_attempts > MOST_DOTS) return null;
  const state = (attempt: number) => {
    if (attempt > run.attempt) return "left";
    if (attempt < run.attempt) return "failed";
    return run.state === "retryable" ? "failed" : run.state;
  };
  return (
    <span className="attempts" aria-hidden>
      {Array.from({ length: run.max_attempts }, (_, at) => (
        <i key={at} data-state={state(at + 1)} />
      ))}
    </span>
  );
}

/** What it was asked for. */
export function RunArgs({ run }: { run: Run }) {
  const { t } = useTranslation();
  if (!run.args || Object.keys(run.args).length === 0) return null;
  const text = () => JSON.stringify(run.args, null, 2);
  return (
    <section className="panel run-output" role="group" aria-label={t("runs.args")}>
      <header>
        <h2>{t("runs.args")}</h2>
        <CopyButton label={t("runs.copy_args")} text={text} />
        <Link to={`/jobs/${encodeURIComponent(run.job_type)}?args_of=${run.id}`}>{t("runs.run_again")}</Link>
      </header>
      <pre className="scroll" tabIndex={0}>
        {text()}
      </pre>
    </section>
  );
}

/** What it gave out: what the runs that it triggered were given. */
export function RunOutput({ run }: { run: RunDetailsData }) {
  const { t } = useTranslation();
  if (run.output === null) return null;
  const text = () => JSON.stringify(run.output, null, 2);
  return (
    <section className="panel run-output" role="group" aria-label={t("runs.output")}>
      <header>
        <h2>{t("runs.output")}</h2>
        <CopyButton label={t("runs.copy_output")} text={text} />
      </header>
      <pre className="scroll" tabIndex={0}>
        {text()}
      </pre>
    </section>
  );
}

/** What its triggers left for it. */
export function RunInput({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <section className="panel run-input">
      <details>
        <summary>{t("jobs.payload")}</summary>
        <pre className="scroll" tabIndex={0}>
          {JSON.stringify(run.payload, null, 2)}
        </pre>
      </details>
    </section>
  );
}
