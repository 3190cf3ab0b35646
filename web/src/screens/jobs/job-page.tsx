import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { useTranslation } from "#i18n";
import { get } from "../../api/client";
import type { Run } from "../../api/types";
import { described } from "../../i18n/described";
import { Breakable } from "../../layout/breakable";
import { Link } from "../../layout/link";
import { usePageTitle } from "../../layout/page-title";
import { usePlaceParams } from "../../layout/place-params";
import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { useJobSchema } from "../../live/use-job-schema";
import { useJobsConfig } from "../../live/use-jobs-config";
import type { JsonSchema } from "../../schema/json-schema";
import { JobWhy } from "../why/job-why";
import { withoutSecrets } from "./args-of-run";
import { JobFacts } from "./job-facts";
import { JobQueue } from "./job-queue";
import { JobSchedule } from "./job-schedule";
import "./jobs.css";
import { useJobsStatus, useJobTypes } from "./jobs-data";
import { RunForm } from "./run-form";
import { Runs } from "./runs";

/** All there is to know of one job type, and what runs it. */
export default function JobPage() {
  const { t } = useTranslation();
  const { job_type = "" } = usePlaceParams();
  const scoped = useScopedPath();
  const { projectId } = useProjectScope();
  // Run again with the args of an earlier run, which the form lets edit.
  const argsOf = useAddress().search.get("args_of") ?? "";
  const earlier = useQuery({
    queryKey: ["run-args", argsOf],
    queryFn: () => get<Run>(`/jobs/runs/${encodeURIComponent(argsOf)}`),
    enabled: argsOf !== "",
  });
  const types = useJobTypes();
  const config = useJobsConfig();
  const schema = useJobSchema();
  const status = useJobsStatus(projectId, job_type);
  const failing = status.data?.items.filter(({ last_run }) => last_run?.state === "failed").length ?? 0;
  usePageTitle(failing > 0 ? t("jobs.failing", { count: failing }) : "", job_type);
  if (types.loading || config.loading || status.loading || !schema) return <Loading rows={4} />;
  if (!types.data || !config.data) {
    const error = types.error ?? config.error ?? new Error(job_type);
    return (
      <Failure
        error={error}
        retry={() => {
          void types.refresh();
          void config.refresh();
        }}
      />
    );
  }
  const job = types.data.items.find(({ name }) => name === job_type);
  const head = (
    <div className="head">
      <div>
        <Link to={scoped("/jobs")}>← {t("jobs.back")}</Link>
        <h1>
          <code>
            <Breakable text={job_type} />
          </code>
        </h1>
        {job && <p className="muted">{described(job.description, t)}</p>}
      </div>
      <LastUpdatedIndicator of={status} />
    </div>
  );
  if (!job) {
    const named = job_type in config.data.jobs;
    return (
      <>
        {head}
        <Empty>{named ? t("jobs.not_loaded_why") : t("jobs.unknown", { job: job_type })}</Empty>
        {named && <JobQueue job={job_type} />}
        {named && <Runs projectId={projectId} job={job_type} />}
      </>
    );
  }
  return (
    <>
      {head}
      <div className="job-columns">
        <JobFacts job={job} config={config.data} schema={schema} />
        {(!argsOf || !earlier.isLoading) && (
          <RunForm
            key={`${job.name} ${argsOf}`}
            job={job.name}
            argsSchema={job.args_schema as JsonSchema}
            args={withoutSecrets(earlier.data?.args)}
          />
        )}
      </div>
      <Fragment key={job.name}>
        <JobWhy job={job.name} />
        <JobQueue job={job.name} />
      </Fragment>
      <JobSchedule job={job.name} status={status} />
      <Runs projectId={projectId} job={job.name} />
    </>
  );
}
