import { useTranslation } from "#i18n";
import type { StatRow } from "../../api/types";
import { Link } from "../../layout/link";
import { useScopedPath } from "../../layout/project-scope";
import type { Group } from "./figures-data";
import { shortTime } from "./short-time";

interface Props {
  rows: StatRow[];
  by: Group;
  /** What a row is called on screen. */
  nameOf: (name: string) => string;
  /** Shows one job alone, one project, or one worker. */
  onChoose: (name: string) => void;
}

/** Figures of each job, project or worker, those with the most runs first. */
export function FigureTable({ rows, by, nameOf, onChoose }: Props) {
  const { t, i18n } = useTranslation();
  const scoped = useScopedPath();
  const number = new Intl.NumberFormat(i18n.language);
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  const time = (ms: number | undefined) => (ms === undefined ? "–" : shortTime(ms, i18n.language));
  return (
    <div className="panel">
      <table className="figure-table stack-table" role="table">
        <caption className="sr-only">{t(`figures.by_${by}`)}</caption>
        <thead>
          <tr>
            <th scope="col">{t(`figures.of_${by}`)}</th>
            <th scope="col">{t("figures.runs")}</th>
            <th scope="col">{t("figures.failed")}</th>
            <th scope="col">{t("figures.wait_p95")}</th>
            <th scope="col">{t("figures.duration_p50")}</th>
            <th scope="col">{t("figures.duration_p95")}</th>
            <th scope="col">{t("figures.duration_p99")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, completed, failed, cancelled, wait, duration }) => {
            const all = completed + failed + cancelled;
            return (
              <tr key={name}>
                <td>
                  <button type="button" className="link" onClick={() => onChoose(name)}>
                    {nameOf(name)}
                  </button>
                </td>
                <td className="num" data-label={t("figures.runs")}>
                  {number.format(all)}
                </td>
                <td className="num" data-label={t("figures.failed")} data-tone={failed > 0 ? "bad" : undefined}>
                  <span>
                    {failed > 0 && by === "job" ? (
                      <Link to={scoped(`/runs?job=${encodeURIComponent(name)}&state=failed`)}>
                        {number.format(failed)}
                      </Link>
                    ) : (
                      number.format(failed)
                    )}
                    {failed > 0 && <small> {percent.format(failed / all)}</small>}
                  </span>
                </td>
                <td className="num" data-label={t("figures.wait_p95")}>
                  {time(wait?.p95)}
                </td>
                <td className="num" data-label={t("figures.duration_p50")}>
                  {time(duration?.p50)}
                </td>
                <td className="num" data-label={t("figures.duration_p95")}>
                  {time(duration?.p95)}
                </td>
                <td className="num" data-label={t("figures.duration_p99")}>
                  {time(duration?.p99)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
