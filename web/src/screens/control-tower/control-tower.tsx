import { useTranslation } from "react-i18next";

import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import "./control-tower.css";
import { Messages } from "./messages";
import { PortfolioCard } from "./portfolio-card";
import { usePortfolioOverview } from "./product-data";
import { Recommendations } from "./recommendations";

export default function ControlTower() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const portfolio = usePortfolioOverview(projectId);
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.tower")}</h1>
          <p className="muted">{t("tower.lead")}</p>
        </div>
        <LastUpdatedIndicator of={portfolio} />
      </div>
      {portfolio.error && <Failure error={portfolio.error} retry={() => void portfolio.refresh()} />}
      {portfolio.loading && <Loading />}
      {portfolio.data?.items.length === 0 && <Empty>{t("tower.no_projects")}</Empty>}
      <section className="cards" aria-label={t("tower.portfolio")} aria-live="polite">
        {portfolio.data?.items.map((card) => <PortfolioCard key={card.project_id} card={card} />)}
      </section>
      <div className="columns">
        <Messages projectId={projectId} />
        <Recommendations projectId={projectId} />
      </div>
    </>
  );
}
