import { Ban, Check, CircleDashed, Hourglass, type LucideIcon, Minus, TimerOff, X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "#i18n";
import type { Cascade, Run, TraceJoin } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useNow } from "../../live/use-now";
import { JobLink } from "../jobs/job-link";
import { RunsLink } from "../runs/runs-link";
import "./joins.css";

type Joined = TraceJoin["all_of"][number];
interface Look {
  tone: "good" | "fair" | "bad" | "info" | "rest";
  Icon: LucideIcon;
}

/** States differ in color, in shape and in word, as those of runs do. */
const LOOKS: Record<TraceJoin["state"], Look> = {
  waiting: { tone: "info", Icon: Hourglass },
  fired: { tone: "good", Icon: Check },
  unmet: { tone: "fair", Icon: Minus },
  late: { tone: "fair", Icon: TimerOff },
};
const JOB_LOOKS: Record<Joined["state"], Look> = {
  open: { tone: "info", Icon: CircleDashed },
  succeeded: { tone: "good", Icon: Check },
  failed: { tone: "bad", Icon: X },
  not_reached: { tone: "fair", Icon: Ban },
  skipped: { tone: "rest", Icon: Minus },
};
const COUNTS = ["open", "succeeded", "failures"] as const;
/** While a join waits, how long it still may. */
const NOW_MS = 1000;

/** The jobs of a trace that run once several others have ended: what each waits for, and what became of it. */
export function TraceJoins({ cascade, id }: { cascade: Cascade | undefined; id: string }) {
  const { t } = useTranslation();
  const joins = cascade?.joins ?? [];
  if (!cascade || joins.length === 0) return null;
  return (
    <section className="panel trace-joins" aria-label={t("joins.trace.title")} data-testid="trace-joins">
      <h2>{t("joins.trace.title")}</h2>
      <ul>
        {joins.map((join) => (
          <OneJoin key={join.job} join={join} cascade={cascade} here={id} />
        ))}
      </ul>
    </section>
  );
}

function OneJoin({ join, cascade, here }: { join: TraceJoin; cascade: Cascade; here: string }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { job, state, reason, told, due_at, late, run_id: own } = join;
  return (
    <li data-testid="trace-join" data-job={job} data-state={state}>
      <div className="trace-join-head">
        <Pill look={LOOKS[state]}>{t(`joins.trace.states.${state}`)}</Pill>
        <JobLink job={job} />
        {own && own !== here && <Link to={`/runs/${own}`}>{t("joins.trace.run")}</Link>}
        <span className="muted">{t(`joins.once_they.${join.needs}`)}</span>
      </div>
      <ul>
        {join.all_of.map((joined) => (
          <OneJob key={joined.job} joined={joined} cascade={cascade} />
        ))}
      </ul>
      {reason && <p className="muted">{said(told, reason)}</p>}
      {state === "waiting" && due_at && <Due at={due_at} late={late} />}
    </li>
  );
}

function OneJob({ joined, cascade }: { joined: Joined; cascade: Cascade }) {
  const { t } = useTranslation();
  const { job, state, failed, waits_for } = joined;
  const counts = COUNTS.filter((count) => joined[count] > 0);
  const isOne = counts.reduce((sum, count) => sum + joined[count], 0) <= 1;
  const details = [
    !isOne && counts.map((count) => t(`joins.trace.counts.${count}`, { number: joined[count] })).join(", "),
    state === "open" && waits_for.length > 0 && t("joins.trace.waits_for", { jobs: waits_for.join(", ") }),
    state === "not_reached" && failed && t("joins.trace.as_failed", { job: failed }),
  ].filter(Boolean);
  return (
    <li data-testid="trace-joined" data-job={job} data-state={state}>
      <Pill look={JOB_LOOKS[state]}>{t(`joins.trace.jobs.${state}`)}</Pill>
      <NameOf job={job} cascade={cascade} />
      {details.length > 0 && <span className="muted num">{details.join("; ")}</span>}
    </li>
  );
}

const runsOf = (job: string, { items }: Cascade): Run[] =>
  items.flatMap(({ run }) => (run.job_type === job ? [run] : []));

/** Leads to the run of the job in this trace, or to all of them: many of them are in a group, and not told one by one. */
function NameOf({ job, cascade }: { job: string; cascade: Cascade }) {
  const [first, second] = runsOf(job, cascade);
  const name = <code>{job}</code>;
  const trace = cascade.items[0]?.run.trace_id;
  const isMany = second || cascade.groups?.some((group) => group.job_type === job);
  if (trace && isMany) {
    return (
      <RunsLink trace={trace} jobs={[job]}>
        {name}
      </RunsLink>
    );
  }
  return first ? <Link to={`/runs/${first.id}`}>{name}</Link> : <JobLink job={job} />;
}

function Due({ at, late }: { at: string; late: TraceJoin["late"] }) {
  const { t, i18n } = useTranslation();
  const when = relative(Math.max(1000, Date.parse(at) - useNow(NOW_MS)), i18n.language);
  return (
    <p className="muted">
      <time dateTime={at}>{t(`joins.trace.late.${late}`, { when })}</time>
    </p>
  );
}

function Pill({ look: { tone, Icon }, children }: { look: Look; children: ReactNode }) {
  return (
    <span className="pill state-pill" data-tone={tone}>
      <Icon size={12} aria-hidden strokeWidth={2.6} />
      {children}
    </span>
  );
}
