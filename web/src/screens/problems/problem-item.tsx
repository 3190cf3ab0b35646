import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { useFault } from "../../api/reachability";
import type { Problem } from "../../api/types";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useNow } from "../../live/use-now";
import { useRights } from "../../session/rights";
import { JobLink } from "../jobs/job-link";
import { StatePill } from "../jobs/state-pill";
import { HourBars } from "./hour-bars";
import { markHandled, mute, type ProblemState, reopen, retryLatest } from "./problems-data";

const HOUR_MS = 3_600_000;
/** For how long a problem may be muted, in hours. */
const MUTES = [1, 8, 24, 168];

interface Props {
  problem: Problem;
  state: ProblemState;
}

/** One kind of failure: what, since when, where, and what can be done. */
export function ProblemItem({ problem, state }: Props) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const now = useNow(10_000);
  const whyNot = useRights().whyNot("editor");
  const [hours, setHours] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<string>();
  const [fault, setFault] = useFault();
  const ago = (time: string) => relative(Date.parse(time) - now, i18n.language);
  const act = async (action: () => Promise<string | undefined>) => {
    setBusy(true);
    setFault(undefined);
    try {
      setSaid(await action());
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };
  const mark = (action: () => Promise<unknown>) =>
    act(async () => {
      await action();
      return undefined;
    });
  const retry = () =>
    act(async () => {
      const { done, refused } = await retryLatest(problem.fingerprint);
      const result = t("runs.done_retry", { count: done.length });
      return refused.length > 0 ? `${result} ${t("runs.refused", { count: refused.length })}` : result;
    });
  const off = { disabled: busy || !!whyNot, title: whyNot };
  return (
    <li className="panel problem" data-testid="problem" data-fingerprint={problem.fingerprint}>
      <div className="problem-head">
        <p className="problem-error">
          <Link to={`/runs/${problem.run_id}`}>{problem.error || t("problems.no_text")}</Link>
        </p>
        <HourBars hours={problem.trend} />
      </div>
      <p className="problem-facts muted num">
        <span>{t("problems.runs", { count: problem.runs })}</span>
        <span>{t("problems.last_seen", { ago: ago(problem.last_seen) })}</span>
        <span>{t("problems.first_seen", { ago: ago(problem.first_seen) })}</span>
        <span data-tone={problem.failing > 0 ? "bad" : "good"}>
          {problem.failing > 0 ? t("problems.failing", { count: problem.failing }) : t("problems.recovered")}
        </span>
      </p>
      <details>
        <summary>{t("problems.places", { count: problem.places_total })}</summary>
        <table className="problem-places">
          <tbody>
            {problem.places.map((place) => (
              <tr key={`${place.job_type} ${place.project_id}`}>
                <td>
                  <JobLink job={place.job_type} />
                </td>
                <td>{place.project_slug}</td>
                <td>
                  <StatePill state={place.last_state} />
                </td>
                <td className="num">{t("problems.runs", { count: place.runs })}</td>
                <td className="num">
                  <Link to={`/runs/${place.run_id}`}>{ago(place.last_seen)}</Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {problem.places_total > problem.places.length && (
          <p className="muted">{t("problems.more", { count: problem.places_total - problem.places.length })}</p>
        )}
      </details>
      <div className="run-actions">
        <button
          type="button"
          data-testid="problem-retry"
          onClick={() => void retry()}
          {...off}
          disabled={off.disabled || problem.failing === 0}
        >
          {t("problems.retry")}
        </button>
        {state === "open" ? (
          <>
            <button
              type="button"
              data-testid="problem-handled"
              onClick={() => void mark(() => markHandled(problem.fingerprint))}
              {...off}
            >
              {t("problems.handled")}
            </button>
            <select
              aria-label={t("problems.mute")}
              value={hours}
              {...off}
              data-testid="problem-mute-until"
              onChange={({ target }) => setHours(target.value)}
            >
              <option value="">{t("problems.mute")}</option>
              {MUTES.map((hours) => (
                <option key={hours} value={hours}>
                  {relative(hours * HOUR_MS, i18n.language)}
                </option>
              ))}
            </select>
            {/* A key changes a closed list by one entry, so the choice alone does nothing. */}
            <button
              type="button"
              data-testid="problem-mute"
              onClick={() => {
                const until = new Date(Date.now() + Number(hours) * HOUR_MS);
                void mark(() => mute(problem.fingerprint, until));
              }}
              {...off}
              disabled={off.disabled || hours === ""}
            >
              {t("problems.mute_now")}
            </button>
          </>
        ) : (
          <button type="button" onClick={() => void mark(() => reopen(problem.fingerprint))} {...off}>
            {t("problems.reopen")}
          </button>
        )}
        <span role="status">{said}</span>
        {fault && <span className="bad">{fault.message}</span>}
      </div>
    </li>
  );
}
