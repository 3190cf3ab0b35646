import { useState } from "react";
import { useTranslation } from "#i18n";

import { useProjectScope } from "../../layout/project-scope";
import { Failure, Loading } from "../../layout/states";
import { Reasons } from "./reasons";
import { useWhyJob } from "./why-data";

/** Why nothing of a job runs in a project, or what is about to. */
export function JobWhy({ job }: { job: string }) {
  const { t } = useTranslation();
  const { projects, projectId } = useProjectScope();
  const [chosen, setChosen] = useState<string>();
  const project = projects.find(({ id }) => id === (chosen ?? projectId)) ?? projects[0];
  const why = useWhyJob(job, project?.id);
  return (
    <section className="panel why" aria-label={t("why.job")} data-testid="why">
      <header>
        <h2>{t("why.job")}</h2>
        {projects.length > 1 && (
          <select
            aria-label={t("jobs.project")}
            value={project?.id ?? ""}
            onChange={({ target }) => setChosen(target.value)}
          >
            {projects.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </header>
      {why.error && <Failure error={why.error} retry={() => void why.refresh()} />}
      {why.loading && <Loading rows={1} />}
      {why.data?.reasons.length === 0 && <p className="muted">{t("why.nothing")}</p>}
      {why.data && project && <Reasons reasons={why.data.reasons} place={{ job, project_id: project.id }} />}
    </section>
  );
}
