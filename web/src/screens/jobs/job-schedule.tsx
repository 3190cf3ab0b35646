import { useTranslation } from "#i18n";

import type { ScheduledJob } from "../../api/types";
import { Empty, Failure, Loading } from "../../layout/states";
import type { Polled } from "../../live/use-polled-query";
import { PauseButton } from "./pause/pause-button";
import { JobState, LastRun, NextRun } from "./schedule-facts";
import { useJobActions } from "./use-job-actions";

interface Props {
  job: string;
  status: Polled<{ now: string; items: ScheduledJob[] }>;
}

/** When one job runs and how it stands, for each project. */
export function JobSchedule({ job, status }: Props) {
  const { t } = useTranslation();
  const { act, fault, forget } = useJobActions();
  const rows = status.data?.items.filter(({ job_type }) => job_type === job);
  return (
    <section className="panel">
      <h2>{t("jobs.schedule")}</h2>
      {status.error && <Failure error={status.error} retry={() => void status.refresh()} />}
      {fault && <Failure error={fault} retry={forget} />}
      {status.loading && <Loading rows={2} />}
      {rows?.length === 0 && <Empty>{t("jobs.not_scheduled", { job })}</Empty>}
      {rows && rows.length > 0 && (
        <div className="scroll">
          <table className="stack-table" role="table">
            <thead role="rowgroup">
              <tr role="row">
                {["project", "state", "starts", "next", "last"].map((column) => (
                  <th key={column} scope="col" role="columnheader">
                    {t(`jobs.${column}`)}
                  </th>
                ))}
                <th scope="col" role="columnheader">
                  <span className="sr-only">{t("jobs.pause")}</span>
                </th>
              </tr>
            </thead>
            <tbody role="rowgroup">
              {rows.map((row) => (
                <tr key={row.project_id} role="row">
                  <td role="cell" className="project">
                    {row.project_slug}
                  </td>
                  <td role="cell" data-label={t("jobs.state")}>
                    <JobState job={row} />
                  </td>
                  <td role="cell" className="muted" data-label={t("jobs.starts")}>
                    {row.schedule ?? t("jobs.manually")}
                  </td>
                  <td role="cell" className="num" data-label={t("jobs.next")}>
                    <NextRun job={row} now={status.data?.now ?? ""} />
                  </td>
                  <td role="cell" data-label={t("jobs.last")}>
                    <LastRun job={row} />
                  </td>
                  <td role="cell" className="actions">
                    <PauseButton job={row} act={act} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
