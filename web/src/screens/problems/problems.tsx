import { useTranslation } from "#i18n";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import "../jobs/jobs.css";
import { ProblemItem } from "./problem-item";
import "./problems.css";
import { askProblems, STATES, useProblems } from "./problems-data";

export const ask = askProblems;

/** Why runs fail: one entry for each kind of error, over all jobs and projects. */
export default function Problems() {
  const { t } = useTranslation();
  usePageTitle(t("nav.problems"));
  const { projectId } = useProjectScope();
  const { search, set } = useAddress();
  const state = STATES.find((known) => known === search.get("state")) ?? "open";
  const problems = useProblems(projectId, state);
  const choose = (chosen: string) => set({ state: chosen === "open" ? "" : chosen });
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.problems")}</h1>
          <p className="muted">{t("problems.lead")}</p>
        </div>
        <LastUpdatedIndicator of={problems} />
      </div>
      <div className="problem-states" role="group" aria-label={t("problems.which")}>
        {STATES.map((known) => (
          <button key={known} type="button" aria-pressed={known === state} onClick={() => choose(known)}>
            {t(`problems.states.${known}`)}
          </button>
        ))}
      </div>
      {problems.error && <Failure error={problems.error} retry={() => void problems.refresh()} />}
      {problems.loading && <Loading rows={4} />}
      {problems.data?.items.length === 0 && <Empty>{t(`problems.none_${state}`)}</Empty>}
      <ul className="problems" aria-busy={problems.refreshing}>
        {problems.data?.items.map((problem) => (
          <ProblemItem key={problem.fingerprint} problem={problem} state={state} />
        ))}
      </ul>
    </>
  );
}
