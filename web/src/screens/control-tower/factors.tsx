import { useTranslation } from "#i18n";
import { numberOf } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useAddress } from "../../layout/use-address";
import type { Card, Factor } from "./product-data";
import { Quote } from "./quote";
import { showMessages } from "./show-messages";

/** A bar is full at so many points, on every card. */
const FULL_BAR = 25;

/** What costs how many points, and what gives some back, each with its evidence. */
export function Factors({ card }: { card: Card }) {
  const { t, i18n } = useTranslation();
  const { score, factors } = card.health;
  const figure = numberOf(i18n.language, "auto", 1);
  if (score === null) return <div className="factors" />;
  return (
    <section className="factors" aria-label={`${t("tower.why")}: ${card.name}`}>
      <h3>
        {t("tower.why")} <span className="muted num">{t("tower.from_hundred", { score: figure.format(score) })}</span>
      </h3>
      {factors.length === 0 && <p className="muted">{t("tower.no_factors")}</p>}
      <ul>
        {factors.map((factor) => (
          <li key={factor.key}>
            <Line card={card} factor={factor} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Line({ card, factor }: { card: Card; factor: Factor }) {
  const { t, i18n } = useTranslation();
  const { search } = useAddress();
  const signed = numberOf(i18n.language, "exceptZero", 1);
  const name = t(`tower.signal.${factor.key}`, { defaultValue: factor.key });
  const all = new URLSearchParams(search);
  all.set("project", card.slug);
  all.set("signal", factor.key);
  for (const other of ["q", "message", "page"]) all.delete(other);
  return (
    <details data-testid="factor" data-factor={factor.key}>
      <summary data-tone={factor.impact < 0 ? "bad" : "good"}>
        <span>
          {name}&nbsp;<span className="muted num">×&nbsp;{factor.count}</span>
        </span>
        <span className="impact" aria-hidden>
          <i style={{ width: `${Math.min(100, (Math.abs(factor.impact) / FULL_BAR) * 100)}%` }} />
        </span>
        <b className="num">
          {signed.format(factor.impact)}
          <span className="sr-only"> {t("tower.points")}</span>
        </b>
      </summary>
      <ul className="quotes">
        {factor.examples.map((example) => (
          <li key={example.message_id + example.evidence}>
            <Quote messageId={example.message_id} text={example.evidence} at={example.sent_at} />
          </li>
        ))}
      </ul>
      <Link className="all" to={`?${all}`} onClick={showMessages}>
        {t("tower.all_of_kind", { count: factor.count, kind: name })}
      </Link>
    </details>
  );
}
