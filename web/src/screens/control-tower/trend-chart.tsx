import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { useTranslation } from "#i18n";
import { dayOf } from "../../i18n/time";

import type { Card } from "./product-data";

const WIDTH = 300;
const HEIGHT = 84;

/** Messages, signals and health by day. A day is read out by pointer or arrow keys, below in its place. */
export function TrendChart({ trend }: { trend: Card["trend"] }) {
  const { t, i18n } = useTranslation();
  const [chosen, setChosen] = useState<number>();
  if (trend.length === 0) return <div className="trend" />;
  const last = trend.length - 1;
  const at = Math.min(chosen ?? last, last);
  const format = dayOf(i18n.language, "UTC");
  const day = (index: number) => format.format(new Date(trend[index]?.day ?? 0));
  const step = WIDTH / trend.length;
  const most = Math.max(1, ...trend.map(({ messages, signals }) => Math.max(messages, signals)));
  const x = (index: number) => (index + 0.5) * step;
  const y = (share: number) => HEIGHT - share * (HEIGHT - 4);
  const area = trend.map(({ messages }, index) => `${x(index)},${y(messages / most)}`).join(" ");
  const now = trend[at];
  const values = [
    t("tower.day_messages", { count: now?.messages ?? 0 }),
    t("tower.day_signals", { count: now?.signals ?? 0 }),
    ...(typeof now?.score === "number" ? [t("tower.day_score", { score: Math.round(now.score) })] : []),
  ];
  const point = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setChosen(Math.max(0, Math.min(last, Math.floor(((event.clientX - left) / width) * trend.length))));
  };
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setChosen(Math.max(0, Math.min(last, to)));
  };
  return (
    <div className="trend">
      <div
        className="plot"
        role="slider"
        tabIndex={0}
        aria-label={t("tower.chart")}
        aria-valuemin={1}
        aria-valuemax={trend.length}
        aria-valuenow={at + 1}
        aria-valuetext={`${day(at)}: ${values.join(", ")}`}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(undefined)}
        onBlur={() => setChosen(undefined)}
        onKeyDown={onKey}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
          <polygon className="messages-area" points={`${x(0)},${HEIGHT} ${area} ${x(last)},${HEIGHT}`} />
          <polyline className="messages-line" points={area} />
          {trend.map(({ day, signals }, index) => (
            <rect
              key={day}
              x={x(index) - step * 0.28}
              width={step * 0.56}
              y={y(signals / most)}
              height={HEIGHT - y(signals / most)}
            />
          ))}
          <path className="score-line" d={scoreLine(trend, x, (score) => y(score / 100), step)} />
          {chosen !== undefined && <line className="chosen" x1={x(at)} x2={x(at)} y1={0} y2={HEIGHT} />}
        </svg>
      </div>
      <p className="readout num">
        <b>{day(at)}</b>
        {values.map((value, index) => (
          <span key={index} data-series={index}>
            {value}
          </span>
        ))}
      </p>
    </div>
  );
}

/** Broken where there was no score; a day by itself is a dash. */
function scoreLine(
  trend: Card["trend"],
  x: (index: number) => number,
  y: (score: number) => number,
  step: number,
): string {
  const parts: string[] = [];
  let open = false;
  trend.forEach(({ score }, index) => {
    if (score === null) open = false;
    else {
      parts.push(open ? `L${x(index)} ${y(score)}` : `M${x(index) - step / 2} ${y(score)}L${x(index)} ${y(score)}`);
      open = true;
    }
  });
  if (open) parts.push(`l${step / 2} 0`);
  return parts.join("");
}
