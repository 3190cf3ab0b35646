import { Check, Merge, Minus } from "lucide-react";
import { useTranslation } from "#i18n";

import type { Decision } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { JobLink } from "../jobs/job-link";
import { RunsLink } from "../runs/runs-link";
import { summaryOf } from "./edge";
import "./edges.css";

/** Which edges were taken when the run ended, which were not, and why; what was made is in the trace of the run. */
export function Decisions({ decisions, trace }: { decisions: Decision[]; trace: string }) {
  const { t } = useTranslation();
  if (decisions.length === 0) return null;
  return (
    <section className="panel decisions" role="group" aria-label={t("edges.decisions")} data-testid="decisions">
      <h2>{t("edges.decisions")}</h2>
      <ul>
        {decisions.map((decision, at) => (
          <li key={at} data-taken={decision.taken}>
            {decision.taken ? <Check size={16} aria-hidden /> : <Minus size={16} aria-hidden />}
            <JobLink job={decision.job} />
            {decision.join && (
              <span className="condition with-icon">
                <Merge size={14} aria-hidden /> {t("joins.join")}
              </span>
            )}
            <Condition decision={decision} />
            <span className={decision.taken ? undefined : "muted"}>
              <Outcome decision={decision} trace={trace} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Outcome({ decision, trace }: { decision: Decision; trace: string }) {
  const { job, join, taken, runs, reason, told } = decision;
  const { t } = useTranslation();
  const said = useSaid();
  if (!taken) return t("edges.not_taken", { reason: said(told, reason) });
  if (runs === undefined || runs === null) return t(join ? "joins.joined" : "edges.taken");
  const made = join ? t("joins.joined_run", { count: runs }) : t("edges.made", { count: runs });
  if (runs === 0) return made;
  return (
    <RunsLink trace={trace} jobs={[job]}>
      {made}
    </RunsLink>
  );
}

function Condition({ decision: { on, when } }: { decision: Decision }) {
  const { t } = useTranslation();
  const condition = summaryOf({ on, when: when ?? undefined }, t);
  return condition ? <code className="condition">{condition}</code> : null;
}
