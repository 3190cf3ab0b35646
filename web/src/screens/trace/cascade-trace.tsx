import { useTranslation } from "#i18n";

import type { Cascade } from "../../api/types";
import { duration } from "../../i18n/time";
import { Empty, Failure, Loading } from "../../layout/states";
import { useNow } from "../../live/use-now";
import type { Polled } from "../../live/use-polled-query";
import { unfinishedOf } from "../runs/runs-data";
import { RunsLink } from "../runs/runs-link";
import { CancelCascade } from "./cancel-cascade";
import { GroupRows } from "./group-rows";
import "./trace.css";
import { TraceRow } from "./trace-row";
import { waterfallOf } from "./waterfall";

/** What is later on the line of time has no room for its label, at all or on a phone. */
const [LAST_LABEL, LAST_ON_PHONE] = [0.9, 0.7];

interface Props {
  cascade: Polled<Cascade>;
  /** The run whose page this is. */
  id: string;
}

/** Everything that one trigger set off, in time: a table whose last column draws what the others say. */
export function CascadeTrace({ cascade, id }: Props) {
  const { t, i18n } = useTranslation();
  const live = cascade.data !== undefined && unfinishedOf(cascade.data) > 0;
  const now = useNow(live ? 250 : 60_000);
  const ms = (value: number) => duration(value, i18n.language);
  const { states, hidden = 0 } = cascade.data ?? {};
  const drawn = cascade.data && cascade.data.items.length > 0 ? waterfallOf(cascade.data, now) : undefined;
  const first = cascade.data?.items[0]?.run;
  const ticks = drawn?.ticks.map(({ at }) => at) ?? [];
  const count = states ? Object.values(states).reduce((sum, part) => sum + part, 0) : (drawn?.bars.length ?? 0);
  return (
    <section className="panel" data-testid="cascade-trace" data-live={live}>
      <header>
        <h2>{t("trace.title")}</h2>
        {drawn && (
          <span className="muted num">
            {t("trace.count", { count })} · {ms(drawn.totalMs)}
          </span>
        )}
        {first && <CancelCascade trace={first.trace_id} projectId={first.project_id} live={live} />}
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
                  {drawn.ticks
                    .filter(({ at }) => at <= LAST_LABEL)
                    .map(({ at, ms: tick }) => (
                      <span
                        key={tick}
                        className="num"
                        style={{ left: `${at * 100}%` }}
                        data-late={at > LAST_ON_PHONE || undefined}
                      >
                        {ms(tick)}
                      </span>
                    ))}
                </span>
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {drawn.rows.map((row) =>
              "run" in row ? (
                <TraceRow key={row.run.id} bar={row} here={row.run.id === id} ticks={ticks} />
              ) : (
                <GroupRows
                  key={`${row.group.parent} ${row.group.job_type}`}
                  bar={row}
                  here={id}
                  ticks={ticks}
                  scale={drawn.scale}
                />
              ),
            )}
          </tbody>
        </table>
      )}
      {cascade.data?.truncated && <p className="muted">{t("trace.truncated", { count: cascade.data.items.length })}</p>}
      {hidden > 0 && first && (
        <p className="muted" data-testid="trace-hidden">
          {t("trace.hidden", { count: hidden })} <RunsLink trace={first.trace_id}>{t("trace.all_runs")}</RunsLink>
        </p>
      )}
    </section>
  );
}
