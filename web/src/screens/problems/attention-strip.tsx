import { TriangleAlert } from "lucide-react";
import { useTranslation } from "#i18n";
import { Link } from "../../layout/link";

import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { RunsLink } from "../runs/runs-link";
import "./attention-strip.css";
import { useAttention } from "./problems-data";

/** Jobs that fail, late schedules, runs that no worker takes; not there when there are none. */
export function AttentionStrip() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const { projectId } = useProjectScope();
  const { failing, late, stuck, problems } = useAttention(projectId).data ?? {
    failing: 0,
    late: 0,
    stuck: 0,
    problems: 0,
  };
  if (failing + late + stuck === 0) return null;
  return (
    <section className="attention" data-testid="attention" aria-label={t("problems.attention")}>
      <TriangleAlert size={18} aria-hidden />
      {failing > 0 && (
        <Link to={scoped("/problems")}>
          {t("problems.jobs_fail", { count: failing })} {t("problems.of_kinds", { count: problems })}
        </Link>
      )}
      {late > 0 && <Link to={scoped("/jobs")}>{t("problems.late", { count: late })}</Link>}
      {stuck > 0 && <RunsLink states={["available", "retryable"]}>{t("problems.stuck", { count: stuck })}</RunsLink>}
    </section>
  );
}
