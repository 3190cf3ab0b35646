import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import type { RunState } from "../../api/types";
import { useRights } from "../../session/rights";
import { LOOKS } from "../jobs/state-pill";
import { RUN_STATES } from "../runs/filters";
import MatchingDialog from "../runs/matching-dialog";
import { GroupChildren } from "./group-children";
import { Bars } from "./trace-row";
import type { GroupBar, Scale } from "./waterfall";

interface Props {
  bar: GroupBar;
  /** The run whose page this is. */
  here: string;
  ticks: number[];
  scale: Scale;
}

/** Many runs of one job in one row, with how they stand; they unfold, all of them or those of a state. */
export function GroupRows({ bar, here, ticks, scale }: Props) {
  const { t } = useTranslation();
  const { group, depth, cause } = bar;
  const [open, setOpen] = useState(false);
  const [state, setState] = useState<RunState>();
  const [retrying, setRetrying] = useState(false);
  const whyNot = useRights().whyNot("editor", cause.project_id);
  const failed = group.states.failed;
  return (
    <>
      <tr
        role="row"
        className="group"
        data-testid="trace-group"
        data-job-type={group.job_type}
        data-total={group.total}
        data-failed={failed}
        data-depth={depth}
        data-state={stateOf(bar)}
      >
        <td role="cell" className="run">
          <span style={{ paddingInlineStart: `${Math.min(depth, 8) * 16}px` }}>
            <button type="button" className="ghost unfold" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? <ChevronDown size={16} aria-hidden /> : <ChevronRight size={16} aria-hidden />}
              <code>{group.job_type}</code> <span className="num">× {group.total}</span>
            </button>
          </span>
        </td>
        <td role="cell" colSpan={4} className="counts">
          <div>
            {RUN_STATES.filter((each) => group.states[each] > 0).map((each) => (
              <StateCount
                key={each}
                state={each}
                count={group.states[each]}
                pressed={open && state === each}
                onClick={() => {
                  const again = open && state === each;
                  setState(again ? undefined : each);
                  setOpen(true);
                }}
              />
            ))}
            {failed > 0 && (
              <button
                type="button"
                className="retry-failed"
                disabled={!!whyNot}
                title={whyNot}
                data-testid="retry-failed"
                onClick={() => setRetrying(true)}
              >
                {t("trace.group.retry_failed", { count: failed })}
              </button>
            )}
          </div>
        </td>
        <td role="cell" className="time" aria-hidden>
          <Bars bar={{ ...bar, from: null }} ticks={ticks} />
        </td>
      </tr>
      {open && <GroupChildren bar={bar} state={state} here={here} ticks={ticks} scale={scale} />}
      {retrying && (
        <tr role="row" className="dialog-row">
          <td role="cell" colSpan={6}>
            <MatchingDialog
              action="retry"
              match={() => ({
                project_id: cause.project_id,
                trace_id: cause.trace_id,
                parent_id: group.parent,
                job_types: [group.job_type],
                states: ["failed"],
              })}
              onClose={() => setRetrying(false)}
            />
          </td>
        </tr>
      )}
    </>
  );
}

interface CountProps {
  state: RunState;
  count: number;
  pressed: boolean;
  onClick: () => void;
}

/** How many are in a state; shows these alone. */
function StateCount({ state, count, pressed, onClick }: CountProps) {
  const { t } = useTranslation();
  const { tone, Icon } = LOOKS[state];
  const name = t(`jobs.run_states.${state}`);
  return (
    <button
      type="button"
      className="pill state-pill state-count"
      data-tone={tone}
      data-state={state}
      data-count={count}
      aria-pressed={pressed}
      title={t("trace.group.only", { state: name })}
      onClick={onClick}
    >
      <Icon size={12} aria-hidden strokeWidth={2.6} />
      <span className="num">{count}</span> {name}
    </button>
  );
}

/** The color of its line: what went wrong shows first. */
function stateOf({ group: { states } }: GroupBar): RunState {
  if (states.running > 0) return "running";
  if (states.failed > 0) return "failed";
  if (states.retryable > 0) return "retryable";
  if (states.available + states.scheduled > 0) return "available";
  return states.completed > 0 ? "completed" : "cancelled";
}
