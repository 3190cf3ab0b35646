import { useTranslation } from "react-i18next";

import type { Card } from "./product-data";
import { TrendChart } from "./trend-chart";

export function tone(score: number | null): "good" | "fair" | "bad" | undefined {
  if (score === null) return undefined;
  if (score >= 75) return "good";
  return score >= 50 ? "fair" : "bad";
}

export function PortfolioCard({ card }: { card: Card }) {
  const { t, i18n } = useTranslation();
  const { score, delta_7d, factors } = card.health;
  const signed = new Intl.NumberFormat(i18n.language, { signDisplay: "exceptZero", maximumFractionDigits: 0 });
  return (
    <article className="panel card" data-testid="portfolio-card" data-project-slug={card.slug}>
      <header>
        <h2>{card.name}</h2>
        {delta_7d !== null && (
          <span className="pill num" data-tone={delta_7d < 0 ? "bad" : "good"}>
            {signed.format(delta_7d)}
          </span>
        )}
      </header>
      <div className="facts">
        <div className="gauge" data-tone={tone(score)}>
          {/* The key makes a changed figure a new element, which flashes once. */}
          <strong key={score} className="num changed" data-testid="health-score">
            {score === null ? "–" : Math.round(score)}
          </strong>
          <span className="muted">{score === null ? t("tower.not_scored") : t("tower.health")}</span>
          <div className="bar">
            <i style={{ width: `${score ?? 0}%` }} />
          </div>
        </div>
        <Fact label={t("tower.messages")} note={t("tower.this_week", { count: card.messages_7d })}>
          <span data-testid="messages-total" key={card.messages_total} className="changed">
            {card.messages_total}
          </span>
        </Fact>
        <Fact label={t("tower.signals")}>{card.signals_open}</Fact>
      </div>
      <TrendChart trend={card.trend} />
      {factors.length > 0 && (
        <details>
          <summary>{t("tower.why")}</summary>
          <ul className="factors">
            {factors.map((factor) => (
              <li key={factor.key}>
                <span>
                  {t(`tower.signal.${factor.key}`, { defaultValue: factor.key })} × {factor.count}
                </span>
                <b className="num">{signed.format(factor.impact)}</b>
                {factor.examples[0] && <q className="muted">{factor.examples[0].evidence}</q>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}

function Fact({ label, note, children }: { label: string; note?: string; children: React.ReactNode }) {
  return (
    <div className="fact">
      <strong className="num">{children}</strong>
      <span className="muted">{label}</span>
      {note && <small className="muted num">{note}</small>}
    </div>
  );
}
