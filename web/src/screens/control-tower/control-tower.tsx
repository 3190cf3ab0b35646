import { useTranslation } from "react-i18next";
import { usePageTitle } from "../../layout/page-title";

import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { AttentionStrip } from "../problems/attention-strip";
import "./control-tower.css";
import { Messages } from "./messages";
import { PortfolioCard } from "./portfolio-card";
import { usePortfolioOverview } from "./product-data";
import { Recommendations } from "./recommendations";
import { useSeen } from "./seen";
import { SinceStrip } from "./since-strip";
import { useKeptOrder } from "./use-kept-order";

export default function ControlTower() {
  const { t } = useTranslation();
  const { projectId, projects } = useProjectScope();
  const portfolio = usePortfolioOverview(projectId);
  const cards = useKeptOrder(portfolio.data?.items, (card) => card.project_id);
  const signals = cards?.reduce((sum, card) => sum + card.signals_open, 0);
  const { seen, first, mark } = useSeen(cards, portfolio.data?.as_of);
  usePageTitle(projects.find(({ id }) => id === projectId)?.name, t("nav.tower"));
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.tower")}</h1>
          <p className="muted">{t("tower.lead")}</p>
        </div>
        <LastUpdatedIndicator of={portfolio} />
      </div>
      <AttentionStrip />
      <SinceStrip portfolio={portfolio.data} seen={seen} first={first} mark={mark} />
      {portfolio.error && <Failure error={portfolio.error} retry={() => void portfolio.refresh()} />}
      {cards?.length === 0 && <Empty>{t("tower.no_projects")}</Empty>}
      <section className="cards" aria-label={t("tower.portfolio")} aria-busy={portfolio.loading}>
        {portfolio.loading && ["a", "b", "c"].map((place) => <div key={place} className="skeleton card" />)}
        {cards?.map((card) => (
          <PortfolioCard key={card.project_id} card={card} seen={seen[card.project_id]} />
        ))}
      </section>
      {/* Not seen before the cards above have their height, so that it does not jump. */}
      <div className="columns" data-waiting={portfolio.loading}>
        <Messages projectId={projectId} projects={projects} seen={seen} signals={signals} />
        <Recommendations projectId={projectId} projects={projects} seen={seen} />
      </div>
    </>
  );
}
