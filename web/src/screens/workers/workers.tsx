import { TriangleAlert } from "lucide-react";
import { useTranslation } from "#i18n";

import { usePageTitle } from "../../layout/page-title";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { FigureTabs } from "../figures/figure-tabs";
import { JobLink } from "../jobs/job-link";
import { WorkerItem } from "./worker-item";
import "./workers.css";
import { useWorkers } from "./workers-data";

/** Who works: with which version and plugins, at what, since when; and who is to take no more runs. */
export default function WorkersScreen() {
  const { t } = useTranslation();
  usePageTitle(t("nav.workers"));
  const workers = useWorkers();
  const items = workers.data?.items;
  // Those of an older version take runs too, as far as anybody knows.
  const taking = items?.filter(({ state }) => state === "active" || state === "unknown").length;
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.workers")}</h1>
          <p className="muted">{t("workers.lead")}</p>
        </div>
        <LastUpdatedIndicator of={workers} />
      </div>
      <FigureTabs />
      {workers.error && <Failure error={workers.error} retry={() => void workers.refresh()} />}
      {workers.loading && <Loading rows={3} />}
      {taking === 0 && (
        <p className="worker-warning" role="status" data-testid="no-worker">
          <TriangleAlert size={17} aria-hidden /> {t("workers.none_takes")}
        </p>
      )}
      {(workers.data?.without_worker ?? []).length > 0 && (
        <div className="worker-warning" role="status" data-testid="jobs-without-worker">
          <TriangleAlert size={17} aria-hidden />
          <ul>
            {workers.data?.without_worker.map(({ job_type, labels }) => (
              <li key={job_type}>
                <JobLink job={job_type} /> {t("workers.needs_labels", { labels: labels.join(", ") })}
              </li>
            ))}
          </ul>
        </div>
      )}
      {items?.length === 0 && <Empty>{t("workers.none")}</Empty>}
      <ul className="workers" aria-busy={workers.refreshing}>
        {items?.map((worker) => (
          <WorkerItem key={worker.name} worker={worker} onChanged={() => void workers.refresh()} />
        ))}
      </ul>
    </>
  );
}
