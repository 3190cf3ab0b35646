import { useState } from "react";
import { useTranslation } from "#i18n";

import type { Rehearsal } from "../../../api/types";
import { FigureChart } from "../../figures/figure-chart";
import "../../figures/figures.css";
import { shortTime } from "../../figures/short-time";
import { grouped, parts } from "./load";

/** Bars side by side. */
const MOST = 96;

/** How many runs begin by hour, and how much works at a time, under both files. */
export function RehearsalLoad({ hours }: { hours: Rehearsal["hours"] }) {
  const { t, i18n } = useTranslation();
  const [chosen, setChosen] = useState<number>();
  const shown = grouped(hours, MOST);
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const day = new Intl.DateTimeFormat(i18n.language, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  const { both, more, less } = parts(shown);
  const shared = {
    steps: shown.map(({ at }) => Date.parse(at)),
    stepText: (at: number) => day.format(at),
    chosen,
    onChoose: setChosen,
    told: "",
  };
  return (
    <div className="figure-charts">
      <FigureChart
        {...shared}
        title={t("rehearsal.begin")}
        kind="bars"
        format={(value) => number.format(value)}
        series={[
          { name: t("rehearsal.both"), colour: "var(--chart-1)", values: both },
          { name: t("rehearsal.only_after"), colour: "var(--chart-3)", values: more },
          { name: t("rehearsal.only_before"), colour: "var(--soft)", values: less },
        ]}
      />
      <FigureChart
        {...shared}
        title={t("rehearsal.busy")}
        kind="lines"
        format={(value) => shortTime(value * 1000, i18n.language)}
        series={[
          {
            name: t("rehearsal.in_force"),
            colour: "var(--soft)",
            values: shown.map(({ before }) => before.busy_seconds),
          },
          {
            name: t("rehearsal.draft"),
            colour: "var(--chart-1)",
            values: shown.map(({ after }) => after.busy_seconds),
          },
        ]}
      />
    </div>
  );
}
