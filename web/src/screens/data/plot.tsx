import { useMemo } from "react";
import {
  Area,
  Bar,
  CartesianGrid,
  ComposedChart,
  Legend,
  Line,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { useTranslation } from "#i18n";
import { fullTimeOf } from "../../i18n/time";

import { numbered } from "./cell";
import { type Chart, plotted, type Series } from "./chart";
import type { Row } from "./view-data";

const HEIGHT = 260;
const TICK = { fontSize: 11, fill: "var(--soft)" };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export default function Plot({ chart, rows }: { chart: Chart; rows: Row[] }) {
  const { t, i18n } = useTranslation();
  const { series, points, left } = useMemo(() => plotted(chart, rows), [chart, rows]);
  if (points.length === 0) return null;
  const language = i18n.language;
  const xs = points.map(({ x }) => x);
  const timed = chart.x.kind === "time";
  const span = timed ? Number(xs.at(-1)) - Number(xs[0]) : 0;
  const tick = new Intl.DateTimeFormat(language, tickOptions(span));
  const full = fullTimeOf(language);
  const xText = (value: unknown, format = full) =>
    timed
      ? format.format(Number(value))
      : typeof value === "number"
        ? numbered(value, chart.x.unit, language)
        : String(value);
  const yText = (value: unknown, unit?: string) => numbered(Number(value), unit, language);
  const unit = chart.y.every((y) => y.unit === chart.y[0]?.unit) ? chart.y[0]?.unit : undefined;
  const title = chart.title ?? t("data.chart_title", { y: chart.y.map((y) => y.title).join(", "), x: chart.x.title });
  const told = series
    .map((each) =>
      t(
        "data.chart_series",
        summary(each, (value) => yText(value, each.unit)),
      ),
    )
    .join("; ");
  // Bars stand beside one another; a line needs its true distances.
  const numeric = chart.kind !== "bar" && xs.every((x) => typeof x === "number");
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <p className="sr-only">
        {t("data.chart_text", { points: points.length, from: xText(xs[0]), to: xText(xs.at(-1)), series: told })}
      </p>
      <div aria-hidden>
        <ResponsiveContainer width="100%" height={HEIGHT}>
          <ComposedChart data={points} margin={{ top: 6, right: 12, bottom: 0, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis
              dataKey="x"
              type={numeric ? "number" : "category"}
              scale={numeric && timed ? "time" : "auto"}
              domain={["dataMin", "dataMax"]}
              allowDuplicatedCategory
              tickFormatter={(value) => xText(value, tick)}
              tick={TICK}
              tickLine={false}
              axisLine={{ stroke: "var(--line)" }}
              minTickGap={28}
            />
            <YAxis
              tickFormatter={(value) => yText(value, unit)}
              tick={TICK}
              tickLine={false}
              axisLine={false}
              width="auto"
            />
            <Tooltip
              labelFormatter={(label) => xText(label)}
              formatter={(value, _, entry) => yText(value, series[Number(entry.dataKey)]?.unit)}
              contentStyle={{
                background: "var(--panel)",
                border: "1px solid var(--line)",
                borderRadius: 8,
                fontSize: 12,
              }}
            />
            {series.length > 1 && <Legend itemSorter={null} iconSize={10} wrapperStyle={{ fontSize: 12 }} />}
            {series.map(({ name }, at) => drawn(chart.kind, name, at, points.length))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      {left > 0 && <p className="muted">{t("data.chart_left", { left })}</p>}
    </figure>
  );
}

function drawn(kind: Chart["kind"], name: string, at: number, points: number) {
  const colour = `var(--chart-${at + 1})`;
  const common = { dataKey: String(at), name, isAnimationActive: false };
  if (kind === "bar") return <Bar key={name} {...common} fill={colour} maxBarSize={48} />;
  // A single point has no line to be seen by.
  const stroke = { stroke: colour, strokeWidth: 2, connectNulls: true, dot: points === 1 ? { fill: colour } : false };
  if (kind === "area") return <Area key={name} {...common} {...stroke} fill={colour} fillOpacity={0.16} />;
  return <Line key={name} {...common} {...stroke} />;
}

function summary({ name, values }: Series, told: (value: number) => string) {
  const last = values.at(-1) ?? 0;
  return { name, low: told(Math.min(...values)), high: told(Math.max(...values)), last: told(last) };
}

/** The longer the time shown, the coarser its marks. */
function tickOptions(span: number): Intl.DateTimeFormatOptions {
  if (span > DAY_MS) return { day: "numeric", month: "short" };
  return { hour: "2-digit", minute: "2-digit", ...(span < HOUR_MS && { second: "2-digit" }) };
}
