import { useState } from "react";
import { Pager } from "../../layout/pager";
import { useProjectScope } from "../../layout/project-scope";
import { Failure, Loading } from "../../layout/states";
import { ScheduleTable } from "./schedule-table";
import { PAGE_PROJECTS, useProjectsOf } from "./summary-data";
import { useJobActions } from "./use-job-actions";

/** How a job stands in each project. */
export default function ProjectsOfJob({ job }: { job: string }) {
  const { projectId } = useProjectScope();
  const [page, setPage] = useState(1);
  const schedules = useProjectsOf(job, projectId, page);
  const { act, fault, forget } = useJobActions();
  const error = fault ?? schedules.error;
  return (
    <>
      {error && (
        <Failure
          error={error}
          retry={() => {
            forget();
            void schedules.refresh();
          }}
        />
      )}
      {schedules.loading && <Loading rows={3} />}
      {schedules.data && (
        <>
          <div className="scroll">
            <ScheduleTable jobs={schedules.data.items} now={schedules.data.now} act={act} ofOneJob />
          </div>
          <Pager page={page} perPage={PAGE_PROJECTS} total={schedules.data.total} onPage={setPage} />
        </>
      )}
    </>
  );
}
