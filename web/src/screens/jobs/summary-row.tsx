import { ChevronDown, ChevronRight } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "#i18n";
import { useServerNow } from "../../api/server-clock";
import type { JobSummary } from "../../api/types";
import { described } from "../../i18n/described";
import { relative } from "../../i18n/time";
import { lazyPart } from "../../layout/lazy-part";
import { Link } from "../../layout/link";
import { Loading } from "../../layout/states";
import { EndMarks } from "./end-marks";
import { JobLink } from "./job-link";
import { StatePill } from "./state-pill";

const ProjectsOfJob = lazyPart(() => import("./projects-of-job"), <Loading rows={3} />);

interface Props {
  job: JobSummary;
  place: number;
  open: boolean;
  onOpen: (job: string) => void;
  selected: boolean;
  onSelect: (jobs: string[], on?: boolean) => void;
}

const COUNTED = ["failing", "running", "waiting", "paused", "disabled"] as const;

/** A job over all projects; it unfolds to them. */
export function SummaryRow({ job, place, open, onOpen, selected, onSelect }: Props) {
  const { t, i18n } = useTranslation();
  const now = useServerNow();
  const details = useId();
  const until = job.next_run_at ? Date.parse(job.next_run_at) - now : undefined;
  return (
    <>
      <div
        role="row"
        aria-rowindex={place}
        className="summary-row"
        data-testid="summary-row"
        data-job-type={job.job_type}
        data-state={job.state}
        data-selected={selected || undefined}
      >
        <div role="cell" className="check">
          <input
            type="checkbox"
            checked={selected}
            aria-label={t("jobs.select", { job: job.job_type })}
            onChange={() => onSelect([job.job_type])}
          />
        </div>
        <div role="cell" className="job">
          <button
            type="button"
            className="ghost icon"
            aria-expanded={open}
            aria-controls={open ? details : undefined}
            aria-label={t("jobs.unfold", { job: job.job_type })}
            data-testid="unfold"
            onClick={() => onOpen(job.job_type)}
          >
            {open ? <ChevronDown size={16} aria-hidden /> : <ChevronRight size={16} aria-hidden />}
          </button>
          <span className="names-of-job">
            <JobLink job={job.job_type} title={described(job.description, t)} />
            {job.plugin !== job.job_type && <span className="muted plugin">{job.plugin ?? t("jobs.not_loaded")}</span>}
          </span>
        </div>
        <div role="cell" className="state">
          {job.state === "idle" && <StatePill state="idle" />}
          {COUNTED.filter((state) => job[state] > 0).map((state) => (
            <span key={state} className="count" data-state={state}>
              {t(`jobs.counts.${state}`, { count: job[state] })}
            </span>
          ))}
          {job.resumes_at && (
            <span className="muted num resumes" data-testid="resumes-at">
              {t("jobs.pause_until.first", { when: relative(Date.parse(job.resumes_at) - now, i18n.language) })}
            </span>
          )}
        </div>
        <div role="cell" className="num projects">
          <span className="narrow muted">{t("jobs.projects")} </span>
          {job.schedules}
        </div>
        <div role="cell" className="num next">
          <span className="narrow muted">{t("jobs.next")} </span>
          {until === undefined ? "–" : until <= 0 ? t("jobs.due") : relative(until, i18n.language)}
        </div>
        <div role="cell" className="last-end">
          {job.last ? (
            <Link to={`/runs/${job.last.run_id}`}>
              <StatePill state={job.last.state} />
              <span className="muted num">{relative(Date.parse(job.last.finished_at) - now, i18n.language)}</span>
            </Link>
          ) : (
            <span className="muted">{t("jobs.never")}</span>
          )}
        </div>
        <div role="cell" className="trend">
          <EndMarks ends={job.trend} />
        </div>
      </div>
      {open && (
        <div role="row" className="summary-projects" id={details}>
          <div role="cell">
            <ProjectsOfJob job={job.job_type} />
          </div>
        </div>
      )}
    </>
  );
}
