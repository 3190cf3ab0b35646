import { useTranslation } from "#i18n";

import { useRights } from "../../session/rights";
import type { Recommendation } from "./product-data";
import { Quote } from "./quote";

export type Act = "accept" | "dismiss" | "reopen";

interface Props {
  item: Recommendation;
  project?: string;
  isNew: boolean;
  busy: boolean;
  act: (item: Recommendation, action: Act) => void;
}

export function RecommendationItem({ item, project, isNew, busy, act }: Props) {
  const { t } = useTranslation();
  const title = t(`tower.advice.${item.kind}`, { subject: item.subject, defaultValue: item.title });
  const whyNot = useRights().whyNot("editor", item.project_id);
  const button = (action: Act, className?: string) => (
    <button
      type="button"
      className={className}
      disabled={busy || !!whyNot}
      title={whyNot}
      aria-label={`${t(`tower.${action}`)}: ${title}`}
      onClick={() => act(item, action)}
    >
      {t(`tower.${action}`)}
    </button>
  );
  return (
    <li data-id={`${item.project_id}/${item.id}`} data-testid="recommendation-item">
      <h3>{title}</h3>
      <div className="meta muted">
        {project && <span className="of">{project}</span>}
        <span className="num">{t("tower.rank", { rank: item.rank })}</span>
        {isNew && <span className="pill new-pill">{t("tower.new")}</span>}
      </div>
      <ul className="quotes">
        {item.evidence.slice(0, 2).map((quote) => (
          <li key={quote.message_id + quote.quote}>
            <Quote messageId={quote.message_id} text={quote.quote} author={quote.author} at={quote.sent_at} />
          </li>
        ))}
      </ul>
      <div className="decide">
        {item.status === "open" ? (
          <>
            {button("accept")}
            {button("dismiss", "ghost")}
          </>
        ) : (
          button("reopen")
        )}
      </div>
    </li>
  );
}
