import { useTranslation } from "#i18n";

const BAR = 5;
const HEIGHT = 24;
const LOWEST = 2;

/** Failed runs of each of the last 24 hours, the newest on the right. */
export function HourBars({ hours }: { hours: number[] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...hours);
  const text = t("problems.trend", { count: hours.reduce((sum, runs) => sum + runs, 0) });
  return (
    <svg
      className="hour-bars"
      viewBox={`0 0 ${hours.length * BAR} ${HEIGHT}`}
      width={hours.length * BAR}
      height={HEIGHT}
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      {hours.map((runs, hour) => {
        const height = runs > 0 ? LOWEST + (runs / most) * (HEIGHT - LOWEST) : 1;
        return (
          <rect
            key={hour}
            data-some={runs > 0 || undefined}
            x={hour * BAR}
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
