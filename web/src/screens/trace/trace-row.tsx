import { useTranslation } from "#i18n";
import { duration } from "../../i18n/time";
import { Link } from "../../layout/link";
import { StatePill } from "../jobs/state-pill";
import type { Bar } from "./waterfall";

interface Props {
  bar: Bar;
  /** Whether its page is the one that shows this. */
  here: boolean;
  ticks: number[];
  /** One of many: what was asked of it tells it from the others. */
  ofGroup?: boolean;
}

/** A run of the trace. */
export function TraceRow({ bar, here, ticks, ofGroup = false }: Props) {
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
          {ofGroup && <small className="muted asked">{askedFor(run)}</small>}
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

/** The line of time of a run, or of a group. */
export function Bars({ bar, ticks }: { bar: Pick<Bar, "wait" | "ran" | "from">; ticks: number[] }) {
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

/** Its key or its args, short. */
function askedFor({ key, args, id }: Bar["run"]): string {
  if (key) return key;
  return args && Object.keys(args).length > 0 ? JSON.stringify(args) : id.slice(-8);
}
