import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { lazyPart } from "../../layout/lazy-part";
import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { JobType, RunAnswer } from "../../api/types";
import { takesNothing } from "../../form/prepare";
import { useProjectScope } from "../../layout/project-scope";
import { Loading } from "../../layout/states";
import { useRights } from "../../session/rights";

const SchemaForm = lazyPart(() => import("../../form/schema-form"));

/** Runs a job now, with params that start as those of jobs.toml. */
export function RunForm({ job, params }: { job: JobType; params: Record<string, unknown> | undefined }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { projects, projectId } = useProjectScope();
  const [chosen, setChosen] = useState<string>();
  const project = projects.find(({ id }) => id === (chosen ?? projectId)) ?? projects[0];
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [answer, setAnswer] = useState<RunAnswer>();
  const rights = useRights();
  const whyNot = rights.whyNot("editor", project?.id);
  // Others are not told the params of jobs.toml: a form that began empty would take them away.
  const none = takesNothing(job.params_schema) || !rights.admin;

  // A refetch brings an equal schema as another object: what was typed must survive that.
  const wanted = JSON.stringify([job.params_schema, params ?? {}]);
  const [schema, initial] = useMemo(() => JSON.parse(wanted) as [JobType["params_schema"], unknown], [wanted]);

  const run = async (given: unknown) => {
    if (!project) return;
    setBusy(true);
    setFault(undefined);
    setAnswer(undefined);
    try {
      setAnswer(await post<RunAnswer>(`/jobs/${encodeURIComponent(job.name)}/run`, { project_id: project.id, params: given }));
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };

  return (
    <section className="panel" data-testid="run-form">
      <h2>{t("jobs.run_with")}</h2>
      <label className="run-project">
        <span>{t("jobs.project")}</span>
        <select value={project?.id ?? ""} onChange={(event) => setChosen(event.target.value)}>
          {projects.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {none && <p className="muted">{t(takesNothing(job.params_schema) ? "jobs.no_params" : "session.hidden_params")}</p>}
      {whyNot && <p className="muted">{whyNot}</p>}
      <Suspense fallback={<Loading rows={2} />}>
        <SchemaForm
          key={wanted}
          schema={none ? EMPTY : schema}
          initial={none ? {} : initial}
          submitLabel={t("jobs.run_now")}
          busy={busy || !project || !!whyNot}
          fault={fault}
          onSubmit={(given) => void run(none ? undefined : given)}
        />
      </Suspense>
      {answer && (
        <p className="toast" role="status" data-testid="run-answer">
          {answer.run_id ? (
            <>
              {t("jobs.queued_now")} <Link to={`/runs/${answer.run_id}`}>{t("jobs.to_run")}</Link>
            </>
          ) : (
            t("jobs.queued_after")
          )}
        </p>
      )}
    </section>
  );
}

const EMPTY = { type: "object", properties: {}, additionalProperties: false };
