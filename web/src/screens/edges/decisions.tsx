import { Check, Minus } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Decision } from "../../api/types";
import { JobLink } from "../jobs/job-link";
import { conditionOf } from "./edge";
import "./edges.css";

/** Which edges were taken when the run ended, which were not, and why. */
export function Decisions({ decisions }: { decisions: Decision[] }) {
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
            <Condition decision={decision} />
            <span className={decision.taken ? undefined : "muted"}>
              {decision.taken ? t("edges.taken") : t("edges.not_taken", { reason: decision.reason ?? "" })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Condition({ decision: { on, when } }: { decision: Decision }) {
  const { t } = useTranslation();
  const condition = conditionOf({ on, when: when ?? undefined }, t);
  return condition ? <code className="condition">{condition}</code> : null;
}
