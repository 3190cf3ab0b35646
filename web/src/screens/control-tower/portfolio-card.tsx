import type { ReactNode } from "react";
import { useTranslation } from "#i18n";
import { numberOf, timeOf } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useAddress } from "../../layout/use-address";

import { Factors } from "./factors";
import type { Card } from "./product-data";
import { type News, newsOf, type Seen } from "./seen";
import { toneOf } from "./tone";
import { TrendChart } from "./trend-chart";

export function PortfolioCard({ card, seen }: { card: Card; seen: Seen | undefined }) {
  const { t, i18n } = useTranslation();
  const { search } = useAddress();
  const { score, delta_7d } = card.health;
  const news = newsOf(card, seen);
  const signed = numberOf(i18n.language, "exceptZero", 0);
  const only = new URLSearchParams(search);
  only.set("project", card.slug);
  return (
    <article className="panel card" data-testid="portfolio-card" data-project-slug={card.slug}>
      <header>
        <h2>
          <Link to={`?${only}`}>{card.name}</Link>
        </h2>
        {delta_7d !== null && (
          <span className="pill num" data-tone={delta_7d < 0 ? "bad" : "good"} title={t("tower.week_title")}>
            {t("tower.week", { delta: signed.format(delta_7d) })}
          </span>
        )}
      </header>
      <div className="facts">
        <div className="gauge" data-tone={toneOf(score)}>
          <div>
            {/* The key makes a changed figure a new element, which flashes once. */}
            <strong key={score} className="num changed" data-testid="health-score">
              {score === null ? "–" : Math.round(score)}
            </strong>
            <New news={news} of="score" />
          </div>
          <span className="muted">
            {t(
              score !== null ? "tower.health" : card.messages_total > 0 ? "tower.not_scored" : "tower.nothing_to_score",
            )}
          </span>
          <div className="bar">
            <i style={{ width: `${score ?? 0}%` }} />
          </div>
        </div>
        <Fact
          label={t("tower.messages")}
          note={t("tower.this_week", { count: card.messages_7d })}
          news={<New news={news} of="messages" />}
        >
          <span data-testid="messages-total" key={card.messages_total} className="changed">
            {card.messages_total}
          </span>
        </Fact>
        <Fact
          label={t("tower.signals")}
          note={t("tower.to_decide", { count: card.recommendations_open })}
          news={<New news={news} of="signals" />}
        >
          <span key={card.signals_open} className="changed">
            {card.signals_open}
          </span>
        </Fact>
      </div>
      <FailingSources sources={card.sources_failing} />
      <TrendChart trend={card.trend} />
      <Factors card={card} />
    </article>
  );
}

/** Sources that cannot be read, since when, and why. */
function FailingSources({ sources }: { sources: Card["sources_failing"] }) {
  const { t, i18n } = useTranslation();
  if (sources.length === 0) return null;
  const time = timeOf(i18n.language);
  return (
    <ul className="failing-sources" data-testid="failing-sources">
      {sources.map(({ source, since, reason }) => (
        <li key={source} title={reason}>
          <strong>{source}</strong> {t("tower.failing_since", { time: time.format(new Date(since)) })}
          <small className="muted">{reason}</small>
        </li>
      ))}
    </ul>
  );
}

/** What a figure has changed by since the last look. */
function New({ news, of }: { news: News; of: keyof News }) {
  const { t, i18n } = useTranslation();
  const by = news[of];
  if (by === 0) return null;
  const signed = numberOf(i18n.language, "exceptZero", 1);
  return (
    <span className="new num" data-testid={`new-${of}`} title={t("tower.since_title")}>
      {signed.format(by)}
      <span className="sr-only"> {t("tower.since_title")}</span>
    </span>
  );
}

function Fact({ label, note, news, children }: { label: string; note?: string; news: ReactNode; children: ReactNode }) {
  return (
    <div className="fact">
      <div>
        <strong className="num">{children}</strong>
        {news}
      </div>
      <span className="muted">{label}</span>
      {note && <small className="muted num">{note}</small>}
    </div>
  );
}
