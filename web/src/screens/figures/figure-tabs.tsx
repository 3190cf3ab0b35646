import { useTranslation } from "#i18n";
import { NavLink } from "../../layout/link";

import { useScopedPath } from "../../layout/project-scope";
import "./figure-tabs.css";

/** The screens of one place in the navigation: runs, their figures, the workers behind them, and what others have run. */
export function FigureTabs() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  return (
    <nav className="figure-tabs" aria-label={t("figures.tabs")}>
      <NavLink to={scoped("/runs")}>{t("nav.runs")}</NavLink>
      <NavLink to={scoped("/figures")} end>
        {t("nav.figures")}
      </NavLink>
      <NavLink to={scoped("/figures/workers")}>{t("nav.workers")}</NavLink>
      <NavLink to={scoped("/figures/hooks")}>{t("nav.hooks")}</NavLink>
    </nav>
  );
}
