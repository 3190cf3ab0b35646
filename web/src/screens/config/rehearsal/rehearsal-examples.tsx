import { useTranslation } from "#i18n";

import type { Rehearsal } from "../../../api/types";

type Example = Rehearsal["examples"][number];
const CHANGES = ["appeared", "vanished", "moved"] as const;
const CAUSES = ["timer", "request"] as const;

/** The first runs that change, one by one. */
export function RehearsalExamples({ examples }: { examples: Example[] }) {
  const { t, i18n } = useTranslation();
  const format = new Intl.DateTimeFormat(i18n.language, { dateStyle: "short", timeStyle: "medium" });
  const time = (at: string | null) => (at === null ? "–" : format.format(Date.parse(at)));
  const change = (name: string) => CHANGES.find((each) => each === name) ?? "moved";
  const cause = ({ cause: name, upstream }: Example) =>
    upstream === null
      ? t(`rehearsal.causes.${CAUSES.find((each) => each === name) ?? "timer"}`)
      : t("rehearsal.after_job", { job: upstream });
  return (
    <details className="rehearsal-examples">
      <summary>{t("rehearsal.examples", { count: examples.length })}</summary>
      <table className="rehearsal-table stack-table" role="table">
        <caption className="sr-only">{t("rehearsal.examples", { count: examples.length })}</caption>
        <thead>
          <tr>
            <th scope="col">{t("rehearsal.change")}</th>
            <th scope="col">{t("rehearsal.job")}</th>
            <th scope="col">{t("rehearsal.project")}</th>
            <th scope="col">{t("rehearsal.in_force")}</th>
            <th scope="col">{t("rehearsal.draft")}</th>
            <th scope="col">{t("rehearsal.cause")}</th>
          </tr>
        </thead>
        <tbody>
          {examples.map((one, at) => (
            <tr key={at}>
              <td data-label={t("rehearsal.change")}>{t(`rehearsal.${change(one.change)}`)}</td>
              <td data-label={t("rehearsal.job")}>
                <span>
                  {one.job} {one.key !== null && <code>{one.key}</code>}
                </span>
              </td>
              <td data-label={t("rehearsal.project")}>{one.project}</td>
              <td className="num" data-label={t("rehearsal.in_force")}>
                {time(one.before)}
              </td>
              <td className="num" data-label={t("rehearsal.draft")}>
                {time(one.after)}
              </td>
              <td data-label={t("rehearsal.cause")}>{cause(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
