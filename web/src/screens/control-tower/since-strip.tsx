import { Check } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import type { Page } from "../../api/types";
import { numberOf, relative } from "../../i18n/time";
import { Toast } from "../../layout/toast";
import type { Card } from "./product-data";
import { isNews, newsOf, type Seen } from "./seen";

interface Props {
  portfolio: Page<Card> | undefined;
  seen: Record<string, Seen>;
  first: boolean;
  mark: (cards: Card[], now: string) => () => void;
}

/** What has changed since somebody last looked, in this browser. Its place is kept when there is nothing. */
export function SinceStrip({ portfolio, seen, first, mark }: Props) {
  const { t, i18n } = useTranslation();
  const [undo, setUndo] = useState<() => void>();
  const cards = portfolio?.items ?? [];
  const now = portfolio?.as_of;
  const all = cards.map((card) => ({ card, news: newsOf(card, seen[card.project_id]) }));
  const changed = all.filter(({ news }) => isNews(news));
  const sum = (of: "messages" | "signals" | "recommendations") =>
    all.reduce((total, { news }) => total + Math.max(0, news[of]), 0);
  const signed = numberOf(i18n.language, "exceptZero", 1);
  const looked = Math.min(...cards.map(({ project_id }) => Date.parse(seen[project_id]?.at ?? now ?? "")));
  const ago = now && Number.isFinite(looked) ? relative(looked - Date.parse(now), i18n.language) : "";
  return (
    <section
      className="since"
      data-testid="since"
      data-changed={changed.length > 0}
      aria-label={t("tower.since_label")}
      aria-live="polite"
    >
      {portfolio && changed.length === 0 && (
        <p className="muted">{t(first ? "tower.first_look" : "tower.nothing_new", { ago })}</p>
      )}
      {now && changed.length > 0 && (
        <>
          <p>
            <b>{t("tower.since", { ago })}</b>
            {(["messages", "signals", "recommendations"] as const).map(
              (of) =>
                sum(of) > 0 && (
                  <span key={of} className="num">
                    {t(`tower.new_${of}`, { count: sum(of) })}
                  </span>
                ),
            )}
            {changed.map(
              ({ card, news }) =>
                news.score !== 0 && (
                  <span key={card.project_id} className="num">
                    {card.name} <b data-tone={news.score < 0 ? "bad" : "good"}>{signed.format(news.score)}</b>
                  </span>
                ),
            )}
          </p>
          <button type="button" data-testid="mark-seen" onClick={() => setUndo(() => mark(cards, now))}>
            <Check size={15} aria-hidden />
            {t("tower.mark_seen")}
          </button>
        </>
      )}
      {undo && (
        <Toast
          action={t("tower.undo")}
          onAction={() => {
            undo();
            setUndo(undefined);
          }}
          onClose={() => setUndo(undefined)}
        >
          {t("tower.marked")}
        </Toast>
      )}
    </section>
  );
}
