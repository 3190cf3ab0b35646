import { useTranslation } from "#i18n";
import { NavLink } from "../../layout/link";

import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { useAttention } from "./problems-data";
import "./problems-link.css";

/** The way to the problems, with how many are open. */
export function ProblemsLink() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const { projectId } = useProjectScope();
  const open = useAttention(projectId).data?.problems ?? 0;
  return (
    <NavLink to={scoped("/problems")}>
      {t("nav.problems")}
      {open > 0 && (
        <span className="problem-count num" data-testid="problem-count">
          {" "}
          {open > 99 ? "99+" : open}
        </span>
      )}
    </NavLink>
  );
}
