import { useTranslation } from "react-i18next";
import { Area, Bar, ComposedChart, ResponsiveContainer, Tooltip, XAxis } from "recharts";

import type { Card } from "./product-data";

export default function TrendPlot({ trend }: { trend: Card["trend"] }) {
  const { t, i18n } = useTranslation();
  const format = new Intl.DateTimeFormat(i18n.language, { day: "numeric", month: "short", timeZone: "UTC" });
  const day = (text: unknown) => format.format(new Date(String(text)));
  return (
    <figure role="img" aria-label={t("tower.chart")}>
      <ResponsiveContainer width="100%" height={92}>
        <ComposedChart data={trend} margin={{ top: 4, right: 4, bottom: 0, left: 4 }}>
          <XAxis dataKey="day" tickFormatter={day} tick={{ fontSize: 11, fill: "var(--soft)" }} tickLine={false} axisLine={false} interval={9} height={18} padding={{ left: 14 }} />
          <Tooltip labelFormatter={day} contentStyle={{ background: "var(--panel)", border: "1px solid var(--line)", borderRadius: 8, fontSize: 12 }} />
          <Area dataKey="messages" name={t("tower.trend_messages")} stroke="var(--brand)" fill="var(--brand-soft)" strokeWidth={1.5} isAnimationActive={false} />
          <Bar dataKey="signals" name={t("tower.trend_signals")} fill="var(--signal)" isAnimationActive={false} />
        </ComposedChart>
      </ResponsiveContainer>
    </figure>
  );
}
