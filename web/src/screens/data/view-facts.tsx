import { useTranslation } from "#i18n";

import type { View } from "../../api/types";
import { useJobsConfig } from "../../live/use-jobs-config";
import { JobLink } from "../jobs/job-link";

/** Where a view comes from, and the jobs whose success refreshes it. */
export function ViewFacts({ view }: { view: View }) {
  const { t } = useTranslation();
  const map = useJobsConfig().data?.JOB_TO_DATA_MAP ?? {};
  const jobs = Object.keys(map).filter((job) => map[job]?.includes(view.key));
  return (
    <p className="view-facts muted">
      <span>{t("data.from", { plugin: view.origin.plugin, version: view.origin.version })}</span>
      {jobs.length > 0 && (
        <span>
          {t("data.refreshed_by")}{" "}
          {jobs.map((job) => (
            <JobLink key={job} job={job} />
          ))}
        </span>
      )}
    </p>
  );
}
