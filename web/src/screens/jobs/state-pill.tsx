import {
  Ban,
  CalendarClock,
  Check,
  CircleDashed,
  Clock,
  type LucideIcon,
  Pause,
  Play,
  PowerOff,
  RotateCw,
  X,
} from "lucide-react";
import { useTranslation } from "#i18n";

import type { RunState } from "../../api/types";

/** What a job without an unfinished run does. */
export type RestState = "idle" | "paused" | "disabled";

interface Look {
  tone: "good" | "fair" | "bad" | "info" | "rest" | "live";
  Icon: LucideIcon;
}

/** States differ in color, in shape and in word: none of the three has to be seen to tell them apart. */
export const LOOKS: Record<RunState | RestState, Look> = {
  scheduled: { tone: "rest", Icon: CalendarClock },
  available: { tone: "info", Icon: Clock },
  running: { tone: "live", Icon: Play },
  retryable: { tone: "fair", Icon: RotateCw },
  completed: { tone: "good", Icon: Check },
  failed: { tone: "bad", Icon: X },
  cancelled: { tone: "rest", Icon: Ban },
  idle: { tone: "rest", Icon: CircleDashed },
  paused: { tone: "fair", Icon: Pause },
  disabled: { tone: "rest", Icon: PowerOff },
};

const isRest = (state: RunState | RestState): state is RestState =>
  state === "idle" || state === "paused" || state === "disabled";

/** The state of a run, or of a job that has none. */
export function StatePill({ state }: { state: RunState | RestState }) {
  const { t } = useTranslation();
  const { tone, Icon } = LOOKS[state] ?? LOOKS.idle;
  return (
    <span className="pill state-pill" data-tone={tone} data-state={state}>
      <Icon size={12} aria-hidden strokeWidth={2.6} />
      {isRest(state) ? t(`jobs.${state}`) : t(`jobs.run_states.${state}`)}
    </span>
  );
}
