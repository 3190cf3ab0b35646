import { useTranslation } from "#i18n";

import type { EndedRun } from "../../api/types";
import { duration } from "../../i18n/time";

const BAR = 5;
const HEIGHT = 24;
const LOWEST = 3;

/** How long the latest runs took, as bars; a run that ended badly has the colour of its state. */
export function Sparkline({ runs, slots = 20 }: { runs: EndedRun[]; slots?: number | undefined }) {
  const { t, i18n } = useTranslation();
  const took = runs.map(({ took_ms }) => took_ms);
  const longest = Math.max(1, ...took);
  const last = took.at(-1);
  if (last === undefined) return <span className="muted spark-none">{t("graph.no_trend")}</span>;
  const text = t("graph.trend", {
    count: runs.length,
    low: duration(Math.min(...took), i18n.language),
    high: duration(longest, i18n.language),
    last: duration(last, i18n.language),
  });
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${slots * BAR} ${HEIGHT}`}
      width={slots * BAR}
      height={HEIGHT}
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      {runs.slice(-slots).map((run, at, shown) => {
        const height = LOWEST + (run.took_ms / longest) * (HEIGHT - LOWEST);
        const x = (slots - shown.length + at) * BAR;
        return (
          <rect
            key={run.id}
            data-state={run.state}
            x={x}
            y={HEIGHT - height}
            width={BAR - 1.5}
            height={height}
            rx={1}
          />
        );
      })}
    </svg>
  );
}
