import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { post } from "../../api/client";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { type Recommendation, useRecommendationsV2 } from "./product-data";

type Decision = "accept" | "dismiss";

export function Recommendations({ projectId }: { projectId: string | undefined }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const recommendations = useRecommendationsV2(projectId);
  const [decided, setDecided] = useState<{ item: Recommendation; decision: Decision }>();
  const [fault, setFault] = useState<Error>();
  const title = (item: Recommendation) =>
    t(`tower.advice.${item.kind}`, { subject: item.subject, defaultValue: item.title });

  const act = async (item: Recommendation, action: Decision | "reopen") => {
    try {
      await post(`/data/recommendations/actions/${action}`, { project_id: item.project_id, id: item.id });
      setDecided(action === "reopen" ? undefined : { item, decision: action });
      setFault(undefined);
    } catch (error) {
      setFault(error as Error);
    }
    await Promise.all(
      ["recommendations", "portfolio"].map((key) => client.invalidateQueries({ queryKey: ["data", key] })),
    );
  };

  return (
    <section className="panel">
      <header>
        <h2>{t("tower.recommendations")}</h2>
        <LastUpdatedIndicator of={recommendations} />
      </header>
      {decided && (
        <p className="toast" role="status">
          {t(decided.decision === "accept" ? "tower.accepted" : "tower.dismissed", { title: title(decided.item) })}
          <button type="button" onClick={() => void act(decided.item, "reopen")}>
            {t("tower.undo")}
          </button>
        </p>
      )}
      {(fault ?? recommendations.error) && (
        <Failure
          error={(fault ?? recommendations.error) as Error}
          retry={() => {
            setFault(undefined);
            void recommendations.refresh();
          }}
        />
      )}
      {recommendations.loading && <Loading rows={4} />}
      {recommendations.data?.items.length === 0 && <Empty>{t("tower.no_recommendations")}</Empty>}
      <ol className="advice">
        {recommendations.data?.items.map((item) => (
          <li key={`${item.project_id}/${item.id}`} data-testid="recommendation-item">
            <h3>{title(item)}</h3>
            {item.evidence.slice(0, 2).map((quote) => (
              <p key={quote.message_id + quote.quote} className="muted">
                <q>{quote.quote}</q> {quote.author}
              </p>
            ))}
            <div className="decide">
              <button type="button" onClick={() => void act(item, "accept")}>
                {t("tower.accept")}
              </button>
              <button type="button" className="ghost" onClick={() => void act(item, "dismiss")}>
                {t("tower.dismiss")}
              </button>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
