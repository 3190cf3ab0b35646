import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { ApiError, post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { RunAnswer } from "../../api/types";
import { lazyPart } from "../../layout/lazy-part";
import { Link } from "../../layout/link";
import { useProjectScope } from "../../layout/project-scope";
import { Loading } from "../../layout/states";
import { isObject, type JsonSchema } from "../../schema/json-schema";
import { useRights } from "../../session/rights";
import { TagsField } from "../runs/tags/tags-field";

const SchemaForm = lazyPart(() => import("../../form/schema-form"), <Loading rows={2} />);

interface Props {
  job: string;
  /** What a run may be asked for. */
  argsSchema: JsonSchema;
  /** What the form holds at first; secrets are typed again. */
  args: object;
}

/**
 * Runs a job now, with args if it takes any. Its params stand in jobs.toml: administrators get the way to where they
 * are edited.
 */
export function RunForm({ job, argsSchema, args }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { projects, projectId } = useProjectScope();
  const [chosen, setChosen] = useState<string>();
  const project = projects.find(({ id }) => id === (chosen ?? projectId)) ?? projects[0];
  const [tags, setTags] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [answer, setAnswer] = useState<RunAnswer>();
  const rights = useRights();
  const whyNot = rights.whyNot("editor", project?.id);
  const takesArgs = isObject(argsSchema.properties) && Object.keys(argsSchema.properties).length > 0;

  const run = async (given: unknown) => {
    if (!project) return;
    setBusy(true);
    setFault(undefined);
    setAnswer(undefined);
    const args = isObject(given) && Object.keys(given).length > 0 ? { args: given } : {};
    try {
      const request = { project_id: project.id, ...args, ...(tags.length > 0 ? { tags } : {}) };
      setAnswer(await post<RunAnswer>(`/jobs/${encodeURIComponent(job)}/run`, request));
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };

  return (
    <section className="panel run-form" data-testid="run-form">
      <h2>{t("jobs.run_now")}</h2>
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
      <p className="muted">
        {t("jobs.params_of_file")}
        {rights.admin && (
          <>
            {" "}
            <Link to={`/config/jobs?job=${encodeURIComponent(job)}`}>{t("jobs.edit_params")}</Link>
          </>
        )}
      </p>
      {whyNot && <p className="muted">{whyNot}</p>}
      <TagsField tags={tags} projectId={project?.id} onChange={setTags} />
      {takesArgs ? (
        <SchemaForm
          schema={argsSchema}
          initial={args}
          submitLabel={t("jobs.run_now")}
          busy={busy || !project || !!whyNot}
          fault={fault}
          onSubmit={(given) => void run(given)}
        />
      ) : (
        <button type="button" className="primary" disabled={busy || !project || !!whyNot} onClick={() => void run({})}>
          {t("jobs.run_now")}
        </button>
      )}
      {fault && !takesArgs && (
        <div className="form-fault" role="alert">
          <strong>{fault.message}</strong>
          {fault instanceof ApiError && fault.help && <p className="muted">{fault.help}</p>}
        </div>
      )}
      {answer && (
        <p className="toast" role="status" data-testid="run-answer">
          {t(`jobs.accepted.${answer.queued}`)}{" "}
          {answer.run_id && <Link to={`/runs/${answer.run_id}`}>{t("jobs.to_run")}</Link>}
        </p>
      )}
    </section>
  );
}
