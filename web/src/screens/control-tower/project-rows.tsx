import { useState } from "react";
import { useTranslation } from "#i18n";
import { Link } from "../../layout/link";
import { useAddress } from "../../layout/use-address";

import type { Card } from "./product-data";
import { isNews, newsOf, type Seen } from "./seen";
import { toneOf } from "./tone";

/** So many stand there before somebody asks for all. */
const FEW = 12;

interface Props {
  cards: Card[];
  seen: Record<string, Seen>;
}

/** Projects of which there is little to tell, or too many to tell it all: a line each, which leads to its card. */
export function ProjectRows({ cards, seen }: Props) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const { search } = useAddress();
  const only = (slug: string) => {
    const next = new URLSearchParams(search);
    next.set("project", slug);
    return `?${next}`;
  };
  return (
    <section className="panel project-rows" aria-labelledby="project-rows-title">
      <h2 id="project-rows-title">{t("tower.other_projects", { count: cards.length })}</h2>
      <ul>
        {cards.slice(0, all ? undefined : FEW).map((card) => {
          const { score } = card.health;
          return (
            <li key={card.project_id} data-testid="portfolio-row" data-project-slug={card.slug}>
              <Link to={only(card.slug)}>{card.name}</Link>
              {isNews(newsOf(card, seen[card.project_id])) && (
                <span className="pill new-pill">{t("tower.changed")}</span>
              )}
              {card.sources_failing.length > 0 && (
                <span className="pill num" data-tone="bad">
                  {t("tower.sources_fail", { count: card.sources_failing.length })}
                </span>
              )}
              {score !== null ? (
                <span className="pill num" data-tone={toneOf(score)} title={t("tower.health")}>
                  <span className="sr-only">{t("tower.health")} </span>
                  {Math.round(score)}
                </span>
              ) : (
                <span className="muted">
                  {t(card.messages_total > 0 ? "tower.not_scored" : "tower.no_messages_of")}
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {!all && cards.length > FEW && (
        <button type="button" data-testid="all-projects" onClick={() => setAll(true)}>
          {t("tower.show_projects", { count: cards.length })}
        </button>
      )}
    </section>
  );
}
