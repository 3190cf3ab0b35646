import { ChevronRight } from "lucide-react";
import { Fragment } from "react";
import { useTranslation } from "#i18n";
import type { Cascade } from "../../api/types";
import { fullTimeOf } from "../../i18n/time";
import { Link } from "../../layout/link";
import { chainTo } from "./waterfall";

/** Why a run exists, from the first cause on: a timer or a person, then job after job. */
export function TriggerChain({ cascade, id }: { cascade: Cascade; id: string }) {
  const { t, i18n } = useTranslation();
  const chain = chainTo(cascade, id);
  const root = chain[0];
  if (!root) return null;
  const time = fullTimeOf(i18n.language);
  // The root of those the host tells may itself have a cause that is no more.
  const kind = root.triggered_by.kind;
  return (
    <ol className="trigger-chain" data-testid="trigger-chain">
      <li>
        {kind === "cascade" ? t("jobs.after", { jobs: root.triggered_by.job_type }) : t(`trace.cause.${kind}`)}{" "}
        <time className="muted num" dateTime={root.queued_at}>
          {time.format(new Date(root.queued_at))}
        </time>
      </li>
      {chain.map((run) => (
        <Fragment key={run.id}>
          <li aria-hidden className="muted">
            <ChevronRight size={14} />
          </li>
          <li aria-current={run.id === id ? "true" : undefined}>
            {run.id === id ? (
              <strong>
                <code>{run.job_type}</code>
              </strong>
            ) : (
              <Link to={`/runs/${run.id}`}>
                <code>{run.job_type}</code>
              </Link>
            )}
          </li>
        </Fragment>
      ))}
    </ol>
  );
}
