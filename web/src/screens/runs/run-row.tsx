import { ChevronDown } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "#i18n";
import type { Run } from "../../api/types";
import { fullTimeOf, relative } from "../../i18n/time";
import { lazyPart } from "../../layout/lazy-part";
import { Link } from "../../layout/link";
import { Loading } from "../../layout/states";
import { Progress, Took, TriggerText } from "../jobs/run-facts";
import { StatePill } from "../jobs/state-pill";
import { RunTags } from "./tags/run-tags";

const MoreOfRun = lazyPart(() => import("./more-of-run"), <Loading rows={2} />);

interface Props {
  run: Run;
  /** In the whole list, from 1, the heading not counted. */
  place: number;
  index: number;
  selected: boolean;
  current: boolean;
  now: number;
  /** Whether what it was asked for and gave out is shown. */
  open: boolean;
  measure: (element: Element | null) => void;
  onSelect: (ids: string[]) => void;
  onCurrent: (id: string) => void;
  onOpen: (id: string) => void;
}

/** One run. Roles are spelt out: the layout is not that of a table, the meaning is. */
export const RunRow = memo(function RunRow({
  run,
  place,
  index,
  selected,
  current,
  now,
  open,
  measure,
  onSelect,
  onCurrent,
  onOpen,
}: Props) {
  const { t, i18n } = useTranslation();
  const queued = Date.parse(run.queued_at);
  const time = fullTimeOf(i18n.language);
  // What an earlier attempt failed of is not how it ended.
  const result = run.state === "completed" ? run.summary : (run.error ?? run.summary);
  return (
    <tr
      role="row"
      ref={measure}
      data-index={index}
      data-testid="run-row"
      data-run-id={run.id}
      data-state={run.state}
      data-current={current || undefined}
      aria-rowindex={place + 1}
      data-selected={selected || undefined}
      onFocus={() => onCurrent(run.id)}
    >
      <td role="cell" className="check">
        <input
          type="checkbox"
          checked={selected}
          aria-label={t("runs.select", { job: run.job_type, id: run.id.slice(-8) })}
          onChange={() => onSelect([run.id])}
        />
      </td>
      <td role="cell" className="job">
        <Link to={`/runs/${run.id}`}>
          <code>{run.job_type}</code>
        </Link>
        <small className="muted num">{run.id.slice(-8)}</small>
        <RunTags run={run} />
      </td>
      <td role="cell" className="project">
        {run.project_slug}
      </td>
      <td role="cell" className="state">
        <StatePill state={run.state} />
        {run.attempt > 1 && (
          <small className="muted num">{t("runs.attempt", { attempt: run.attempt, max: run.max_attempts })}</small>
        )}
        <Progress run={run} />
      </td>
      <td role="cell" className="trigger muted" title={run.triggered_by.job_type}>
        <TriggerText trigger={run.triggered_by} />
      </td>
      <td role="cell" className="queued num muted">
        <time dateTime={run.queued_at} title={time.format(queued)}>
          {relative(Math.min(0, queued - now), i18n.language)}
        </time>
      </td>
      <td role="cell" className="took num">
        <Took run={run} />
      </td>
      <td role="cell" className="result" title={result ?? undefined}>
        {result}
      </td>
      <td role="cell" className="unfold">
        <button
          type="button"
          className="ghost icon"
          aria-expanded={open}
          aria-label={t("runs.more.show", { job: run.job_type, id: run.id.slice(-8) })}
          title={t("runs.more.title")}
          data-testid="unfold-run"
          onClick={() => onOpen(run.id)}
        >
          <ChevronDown size={15} aria-hidden />
        </button>
      </td>
      {open && (
        <td role="cell" className="more-of-run">
          <MoreOfRun run={run} />
        </td>
      )}
    </tr>
  );
});
