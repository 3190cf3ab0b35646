import { useTranslation } from "#i18n";
import type { AuditEntry } from "../../api/types";
import { fullTimeOf } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { JobLink } from "../jobs/job-link";
import { detailOf, targetOf } from "./target";

export function AuditRow({ entry }: { entry: AuditEntry }) {
  const { t, i18n } = useTranslation();
  const { projects } = useProjectScope();
  const detail = detailOf(entry.detail);
  const at = fullTimeOf(i18n.language).format(new Date(entry.at));
  const project = projects.find(({ id }) => id === entry.project_id)?.name ?? entry.project_id;
  const what = t(`audit.actions.${entry.action.replaceAll(".", "_")}`, { defaultValue: entry.action });
  return (
    <tr data-testid="audit-row" data-action={entry.action}>
      <td className="num at">
        <time dateTime={entry.at}>{at}</time>
      </td>
      <td className="who">{entry.user_name || <span className="muted">{t("audit.nobody")}</span>}</td>
      <td className="what">
        <span title={entry.action}>{what}</span>
        {detail && (
          <details>
            <summary>{t("audit.detail")}</summary>
            <pre tabIndex={0}>{detail}</pre>
          </details>
        )}
      </td>
      <td className="target">
        <TargetLink entry={entry} />
      </td>
      <td className="project">{project}</td>
      <td className="num address muted">{entry.address}</td>
    </tr>
  );
}

function TargetLink({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const { kind, name } = targetOf(entry);
  if (kind === "run")
    return (
      <Link to={`/runs/${name}`} title={name}>
        <code>{t("audit.run", { id: name.slice(-8) })}</code>
      </Link>
    );
  if (kind === "job") return <JobLink job={name} />;
  if (kind === "data")
    return (
      <Link to={scoped(`/data/${encodeURIComponent(name)}`)}>
        <code>{entry.target}</code>
      </Link>
    );
  const jobs = /^(\d+) jobs$/.exec(name)?.[1];
  if (jobs) return <>{t("audit.jobs", { count: Number(jobs) })}</>;
  return <>{name === "many" ? t("audit.many") : name}</>;
}
