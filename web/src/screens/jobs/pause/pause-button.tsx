import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import type { ScheduledJob } from "../../../api/types";
import { useRights } from "../../../session/rights";
import type { JobAct } from "../use-job-actions";
import { PauseDialog } from "./pause-dialog";

/** Pauses a job in a project, which asks until when and why, or resumes it at once. */
export function PauseButton({ job, act }: { job: ScheduledJob; act: JobAct }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const paused = job.status === "paused";
  const whyNot = useRights().whyNot("editor", job.project_id);
  const name = t(paused ? "jobs.resume" : "jobs.pause");
  return (
    <>
      <button
        type="button"
        className="ghost"
        disabled={!!whyNot}
        title={whyNot ?? name}
        aria-label={`${name} ${job.job_type}, ${job.project_slug}`}
        data-testid={paused ? "resume-job" : "pause-job"}
        onClick={() => (paused ? void act(job, "resume") : setAsked(true))}
      >
        {paused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
      </button>
      {asked && <PauseDialog job={job} act={act} onClose={() => setAsked(false)} />}
    </>
  );
}
