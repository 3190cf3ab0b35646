import { useTranslation } from "#i18n";
import { NavLink } from "../../layout/link";

import { useScopedPath } from "../../layout/project-scope";
import { useAdmin } from "../../session/rights";
import "./config-link.css";
import { useUnsaved } from "./draft/unsaved";

/** The way to the configuration, marked for as long as a draft waits there. */
export function ConfigLink() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const unsaved = useUnsaved();
  if (!useAdmin()) return null;
  return (
    <NavLink
      to={scoped("/config")}
      className={({ isActive }) => (isActive ? "config-link active" : "config-link")}
      title={unsaved ? t("config.unsaved") : undefined}
      data-unsaved={unsaved || undefined}
    >
      {t("config.nav")}
      {unsaved && (
        <>
          {" "}
          <i className="unsaved" aria-hidden />
          <span className="sr-only">{t("config.unsaved")}</span>
        </>
      )}
    </NavLink>
  );
}
