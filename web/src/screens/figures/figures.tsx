import { useState } from "react";
import { useTranslation } from "#i18n";

import type { StatPoint, Stats } from "../../api/types";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { FigureChart, type Series } from "./figure-chart";
import { FigureTable } from "./figure-table";
import "./figures.css";
import { FigureTabs } from "./figure-tabs";
import { GROUPS, RANGES, readFilter, useFigures, withinTwoDays, workerName, writeFilter } from "./figures-data";
import { JobChoice } from "./job-choice";
import { shortTime } from "./short-time";

/** How many runs ended and how, how long they waited and took, and how much waited. */
export default function Figures() {
  const { t } = useTranslation();
  usePageTitle(t("nav.figures"));
  const scope = useProjectScope();
  const { search, change } = useAddress();
  const filter = readFilter(search);
  const figures = useFigures(scope.projectId, filter);
  const set = (chosen: Parameters<typeof writeFilter>[1]) => change((now) => writeFilter(now, chosen));
  const { data } = figures;
  const choose = (name: string) => {
    if (filter.by === "project") scope.choose(name);
    else set(filter.by === "job" ? { job: name } : { worker: name });
  };
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.figures")}</h1>
          <p className="muted">{t("figures.lead")}</p>
        </div>
        <LastUpdatedIndicator of={figures} />
      </div>
      <FigureTabs />
      <div className="figure-tools">
        <div className="figure-choices" role="group" aria-label={t("figures.range")}>
          {RANGES.map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={range === filter.range}
              data-testid={`range-${range}`}
              onClick={() => set({ range })}
            >
              {t(`figures.ranges.${range}`)}
            </button>
          ))}
        </div>
        {filter.worker && (
          <button type="button" data-testid="all-workers" onClick={() => set({ worker: "" })}>
            {t("figures.only_worker", { worker: workerName(data?.workers ?? [], filter.worker) })}
          </button>
        )}
        <JobChoice job={filter.job} onJob={(job) => set({ job })} />
        {filter.job && (
          <button type="button" data-testid="all-jobs" onClick={() => set({ job: "" })}>
            {t("figures.only_job", { job: filter.job })}
          </button>
        )}
      </div>
      {figures.error && <Failure error={figures.error} retry={() => void figures.refresh()} />}
      {figures.loading && <Loading rows={4} />}
      {data && (
        <>
          <Charts stats={data} ofWorker={filter.worker !== ""} />
          <div className="figure-by">
            <div className="figure-choices" role="group" aria-label={t("figures.grouped")}>
              {GROUPS.map((by) => (
                <button
                  key={by}
                  type="button"
                  aria-pressed={by === filter.by}
                  disabled={by === "worker" && !withinTwoDays(filter.range)}
                  title={by === "worker" && !withinTwoDays(filter.range) ? t("figures.by_worker_recent") : undefined}
                  data-testid={`by-${by}`}
                  onClick={() => set({ by })}
                >
                  {t(`figures.by_${by}`)}
                </button>
              ))}
            </div>
          </div>
          {data.rows.length === 0 ? (
            <Empty>{t("figures.none")}</Empty>
          ) : (
            <FigureTable
              rows={data.rows}
              by={filter.by}
              nameOf={(name) => (filter.by === "worker" ? workerName(data.workers, name) : name)}
              onChoose={choose}
            />
          )}
          <p className="muted figure-note">{t("figures.note", { percent: Math.round(data.percentile_error * 100) })}</p>
        </>
      )}
    </>
  );
}

/** What waits is no worker's. */
function Charts({ stats: { points, total, step_seconds }, ofWorker }: { stats: Stats; ofWorker: boolean }) {
  const { t, i18n } = useTranslation();
  const [chosen, setChosen] = useState<number>();
  const { language } = i18n;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const steps = points.map(({ at }) => Date.parse(at));
  const span = (steps.at(-1) ?? 0) - (steps[0] ?? 0);
  const day = new Intl.DateTimeFormat(language, {
    ...(span > 20 * 3_600_000 && { day: "numeric", month: "short" }),
    ...(step_seconds < 86_400 && { hour: "2-digit", minute: "2-digit" }),
  });
  const of = (name: string, colour: string, value: (point: StatPoint) => number | null | undefined): Series => ({
    name,
    colour,
    values: points.map((point) => value(point) ?? null),
  });
  const percentiles = (of_which: "wait" | "duration") => [
    of("p50", "var(--chart-1)", (point) => point[of_which]?.p50),
    of("p95", "var(--chart-3)", (point) => point[of_which]?.p95),
    of("p99", "var(--chart-2)", (point) => point[of_which]?.p99),
  ];
  const time = (ms: number) => shortTime(ms, language);
  const p95 = (ms: number | undefined) => (ms === undefined ? "" : t("figures.p95", { time: time(ms) }));
  const shared = { steps, stepText: (at: number) => day.format(at), chosen, onChoose: setChosen };
  const all = total.completed + total.failed + total.cancelled;
  return (
    <div className="figure-charts">
      <FigureChart
        {...shared}
        title={t("figures.throughput")}
        told={t("figures.ended", { count: all, number: number.format(all), failed: number.format(total.failed) })}
        kind="bars"
        format={(value) => number.format(value)}
        series={[
          of(t("jobs.run_states.completed"), "var(--chart-1)", ({ completed }) => completed),
          of(t("jobs.run_states.failed"), "var(--bad)", ({ failed }) => failed),
          of(t("jobs.run_states.cancelled"), "var(--soft)", ({ cancelled }) => cancelled),
        ]}
      />
      {!ofWorker && (
        <FigureChart
          {...shared}
          title={t("figures.depth")}
          told={
            total.waiting === null
              ? ""
              : t("figures.depth_mean", {
                  waiting: number.format(total.waiting),
                  running: number.format(total.running ?? 0),
                })
          }
          kind="lines"
          format={(value) => number.format(value)}
          series={[
            of(t("figures.waiting"), "var(--chart-2)", ({ waiting }) => waiting),
            of(t("figures.running"), "var(--chart-1)", ({ running }) => running),
          ]}
        />
      )}
      <FigureChart
        {...shared}
        title={t("figures.duration")}
        told={p95(total.duration?.p95)}
        kind="lines"
        format={time}
        series={percentiles("duration")}
      />
      <FigureChart
        {...shared}
        title={t("figures.wait")}
        told={p95(total.wait?.p95)}
        kind="lines"
        format={time}
        series={percentiles("wait")}
      />
    </div>
  );
}
