import { useTranslation } from "#i18n";

import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { ChainTree } from "./chain-tree";
import { useJobsStatus } from "./jobs-data";
import { Runs } from "./runs";
import { ScheduleTable } from "./schedule-table";
import { useJobActions } from "./use-job-actions";

/** Each job of each project, where these are few enough to be looked through. */
export default function AllSchedules() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const status = useJobsStatus(projectId);
  const { act, fault, forget } = useJobActions();
  const error = fault ?? status.error;
  const failing = status.data?.items.filter(({ last_run }) => last_run?.state === "failed").length ?? 0;
  usePageTitle(failing > 0 ? t("jobs.failing", { count: failing }) : "", t("nav.jobs"));
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.jobs")}</h1>
          <p className="muted">{t("jobs.lead")}</p>
        </div>
        <LastUpdatedIndicator of={status} />
      </div>
      {error && (
        <Failure
          error={error}
          retry={() => {
            forget();
            void status.refresh();
          }}
        />
      )}
      {status.loading && <Loading rows={6} />}
      {status.data?.items.length === 0 && <Empty>{t("jobs.none")}</Empty>}
      {status.data && status.data.items.length > 0 && (
        <section className="panel scroll">
          <ScheduleTable jobs={status.data.items} now={status.data.now} act={act} />
        </section>
      )}
      {/* Not before the table above has its height: nothing jumps. */}
      {!status.loading && (
        <>
          <ChainTree />
          <Runs projectId={projectId} />
        </>
      )}
    </>
  );
}
