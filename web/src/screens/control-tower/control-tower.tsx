import { useTranslation } from "#i18n";
import { lazyPart } from "../../layout/lazy-part";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { AttentionStrip } from "../problems/attention-strip";
import "./control-tower.css";
import { PortfolioCard } from "./portfolio-card";
import { askPortfolio, type Card, usePortfolioOverview } from "./product-data";
import { ProjectRows } from "./project-rows";
import { useSeen } from "./seen";
import { SinceStrip } from "./since-strip";
import { useKeptOrder } from "./use-kept-order";

const Lists = lazyPart(
  () => import("./lists"),
  <>
    <section className="panel">
      <Loading rows={6} />
    </section>
    <section className="panel">
      <Loading rows={4} />
    </section>
  </>,
  "of-screen",
);

/** More projects than these have a card only where there is something to tell, and as many as these. */
const MOST_CARDS = 6;

function shared(all: Card[]): { cards: Card[]; rows: Card[] } {
  if (all.length <= MOST_CARDS) return { cards: all, rows: [] };
  const cards = all.filter((card) => card.messages_total > 0 || card.sources_failing.length > 0).slice(0, MOST_CARDS);
  return { cards, rows: all.filter((card) => !cards.includes(card)) };
}

export const ask = askPortfolio;

export default function ControlTower() {
  const { t } = useTranslation();
  const { projectId, projects } = useProjectScope();
  const portfolio = usePortfolioOverview(projectId);
  const all = useKeptOrder(portfolio.data?.items, (card) => card.project_id);
  const { cards, rows } = shared(all ?? []);
  const signals = all?.reduce((sum, card) => sum + card.signals_open, 0);
  const { seen, first, mark } = useSeen(all, portfolio.data?.as_of);
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
      {all?.length === 0 && <Empty>{t("tower.no_projects")}</Empty>}
      {(portfolio.loading || cards.length > 0) && (
        <section className="cards" aria-label={t("tower.portfolio")} aria-busy={portfolio.loading}>
          {portfolio.loading && ["a", "b", "c"].map((place) => <div key={place} className="skeleton card" />)}
          {cards.map((card) => (
            <PortfolioCard key={card.project_id} card={card} seen={seen[card.project_id]} />
          ))}
        </section>
      )}
      {rows.length > 0 && <ProjectRows cards={rows} seen={seen} />}
      {/* Not seen before the cards above have their height, so that it does not jump. */}
      <div className="columns" data-waiting={portfolio.loading}>
        <Lists projectId={projectId} projects={projects} seen={seen} signals={signals} />
      </div>
    </>
  );
}
