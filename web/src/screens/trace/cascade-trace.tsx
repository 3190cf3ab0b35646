import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Cascade } from "../../api/types";
import { duration } from "../../i18n/time";
import { Empty, Failure, Loading } from "../../layout/states";
import { useNow } from "../../live/use-now";
import type { Polled } from "../../live/use-polled-query";
import { StatePill } from "../jobs/state-pill";
import { isOver } from "../runs/runs-data";
import "./trace.css";
import { type Bar, waterfallOf } from "./waterfall";

interface Props {
  cascade: Polled<Cascade>;
  /** The run whose page this is. */
  id: string;
}

/** Everything that one trigger set off, in time: a table whose last column draws what the others say. */
export function CascadeTrace({ cascade, id }: Props) {
  const { t, i18n } = useTranslation();
  const live = cascade.data?.items.some(({ run }) => !isOver(run)) ?? false;
  const now = useNow(live ? 250 : 60_000);
  const ms = (value: number) => duration(value, i18n.language);
  const drawn = cascade.data && cascade.data.items.length > 0 ? waterfallOf(cascade.data, now) : undefined;
  return (
    <section className="panel" data-testid="cascade-trace" data-live={live}>
      <header>
        <h2>{t("trace.title")}</h2>
        {drawn && (
          <span className="muted num">
            {t("trace.count", { count: drawn.bars.length })} · {ms(drawn.totalMs)}
          </span>
        )}
      </header>
      {cascade.error && <Failure error={cascade.error} retry={() => void cascade.refresh()} />}
      {cascade.loading && <Loading rows={3} />}
      {cascade.data && !drawn && <Empty>{t("jobs.no_runs")}</Empty>}
      {drawn && (
        <table className="trace" role="table">
          <thead role="rowgroup">
            <tr role="row">
              {["run", "state", "gap", "waited", "ran"].map((column) => (
                <th key={column} role="columnheader" className={column} title={t(`trace.about.${column}`)}>
                  {t(`trace.${column}`)}
                </th>
              ))}
              <th role="columnheader" className="time">
                <span className="sr-only">{t("trace.time")}</span>
                <span className="axis" aria-hidden>
                  {drawn.ticks.map(({ at, ms: tick }) => (
                    <span
                      key={tick}
                      className="num"
                      style={{ left: `${at * 100}%` }}
                      data-last={at > 0.92 || undefined}
                    >
                      {ms(tick)}
                    </span>
                  ))}
                </span>
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {drawn.bars.map((bar) => (
              <Row key={bar.run.id} bar={bar} here={bar.run.id === id} ticks={drawn.ticks.map(({ at }) => at)} />
            ))}
          </tbody>
        </table>
      )}
      {cascade.data?.truncated && <p className="muted">{t("trace.truncated", { count: cascade.data.items.length })}</p>}
    </section>
  );
}

function Row({ bar, here, ticks }: { bar: Bar; here: boolean; ticks: number[] }) {
  const { t, i18n } = useTranslation();
  const ms = (value: number | null) => (value === null ? "–" : duration(value, i18n.language));
  const { run } = bar;
  const name = <code>{run.job_type}</code>;
  return (
    <tr
      role="row"
      data-testid="trace-row"
      data-run-id={run.id}
      data-job-type={run.job_type}
      data-state={run.state}
      data-depth={bar.depth}
      data-gap={bar.gapMs ?? undefined}
      aria-current={here ? "true" : undefined}
    >
      <td role="cell" className="run">
        <span style={{ paddingInlineStart: `${Math.min(bar.depth, 8) * 16}px` }}>
          {bar.depth > 0 && (
            <span className="muted" aria-hidden>
              └{" "}
            </span>
          )}
          {bar.depth > 0 && <span className="sr-only">{t("trace.level", { level: bar.depth + 1 })} </span>}
          {here ? <strong>{name}</strong> : <Link to={`/runs/${run.id}`}>{name}</Link>}
          {here && <small className="here">{t("trace.here")}</small>}
        </span>
      </td>
      <td role="cell" className="state">
        <StatePill state={run.state} />
      </td>
      <td role="cell" className="gap num" data-label={t("trace.gap")}>
        {ms(bar.gapMs)}
      </td>
      <td role="cell" className="waited num" data-label={t("trace.waited")}>
        {ms(bar.waitedMs)}
      </td>
      <td role="cell" className="ran num" data-label={t("trace.ran")}>
        {ms(bar.tookMs)}
      </td>
      <td role="cell" className="time" aria-hidden>
        <Bars bar={bar} ticks={ticks} />
      </td>
    </tr>
  );
}

function Bars({ bar, ticks }: { bar: Bar; ticks: number[] }) {
  const percent = (part: number) => `${part * 100}%`;
  const place = ({ left, width }: { left: number; width: number }) => ({ left: percent(left), width: percent(width) });
  const end = bar.ran ?? bar.wait;
  return (
    <div className="bars">
      {ticks.map((at) => (
        <i key={at} className="tick" style={{ left: percent(at) }} />
      ))}
      {bar.from !== null && bar.ran && (
        <i className="bar-gap" style={place({ left: bar.from, width: Math.max(0, bar.ran.left - bar.from) })} />
      )}
      <i className="bar-wait" style={place(bar.wait)} />
      {bar.ran && <i className="bar-ran" style={place(bar.ran)} data-late={end.left > 0.8 || undefined} />}
    </div>
  );
}
