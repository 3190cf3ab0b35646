import { useTranslation } from "#i18n";

import type { Rehearsal } from "../../../api/types";

/** The jobs whose runs change, those with most changes first. */
export function RehearsalJobs({ told: { jobs, more } }: { told: Rehearsal }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language);
  const changed = jobs.filter(({ appeared, vanished, moved }) => appeared + vanished + moved > 0);
  const same = jobs.length - changed.length + more;
  const cell = (key: "appeared" | "vanished" | "moved", value: number) => (
    <td className="num" data-label={t(`rehearsal.${key}`)} data-changes={value > 0 || undefined}>
      {number.format(value)}
    </td>
  );
  return (
    <div>
      <table className="rehearsal-table stack-table" role="table">
        <caption className="sr-only">{t("rehearsal.by_job")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("rehearsal.job")}</th>
            <th scope="col">{t("rehearsal.project")}</th>
            <th scope="col">{t("rehearsal.runs")}</th>
            <th scope="col">{t("rehearsal.appeared")}</th>
            <th scope="col">{t("rehearsal.vanished")}</th>
            <th scope="col">{t("rehearsal.moved")}</th>
          </tr>
        </thead>
        <tbody>
          {changed.map(({ job, project, before, after, appeared, vanished, moved }) => (
            <tr key={`${job} ${project}`}>
              <td data-label={t("rehearsal.job")}>{job}</td>
              <td data-label={t("rehearsal.project")}>{project}</td>
              <td className="num" data-label={t("rehearsal.runs")}>
                {number.format(before)} → {number.format(after)}
              </td>
              {cell("appeared", appeared)}
              {cell("vanished", vanished)}
              {cell("moved", moved)}
            </tr>
          ))}
        </tbody>
      </table>
      {same > 0 && <p className="muted">{t("rehearsal.same_jobs", { count: same })}</p>}
    </div>
  );
}
