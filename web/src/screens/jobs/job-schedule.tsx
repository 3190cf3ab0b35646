import { useTranslation } from "react-i18next";

import type { ScheduledJob } from "../../api/types";
import { Empty, Failure, Loading } from "../../layout/states";
import type { Polled } from "../../live/use-polled-query";
import { JobState, LastRun, NextRun } from "./schedule-facts";

interface Props {
  job: string;
  status: Polled<{ now: string; items: ScheduledJob[] }>;
}

/** When one job runs and how it stands, for each project. */
export function JobSchedule({ job, status }: Props) {
  const { t } = useTranslation();
  const rows = status.data?.items.filter(({ job_type }) => job_type === job);
  return (
    <section className="panel">
      <h2>{t("jobs.schedule")}</h2>
      {status.error && <Failure error={status.error} retry={() => void status.refresh()} />}
      {status.loading && <Loading rows={2} />}
      {rows?.length === 0 && <Empty>{t("jobs.not_scheduled", { job })}</Empty>}
      {rows && rows.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                {["project", "state", "starts", "next", "last"].map((column) => (
                  <th key={column} scope="col">
                    {t(`jobs.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.project_id}>
                  <td>{row.project_slug}</td>
                  <td>
                    <JobState job={row} />
                  </td>
                  <td className="muted">{row.schedule ?? t("jobs.manually")}</td>
                  <td className="num">
                    <NextRun job={row} now={status.data?.now ?? ""} />
                  </td>
                  <td>
                    <LastRun job={row} />
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
