import { useTranslation } from "#i18n";
import { Link } from "./link";
import { usePageTitle } from "./page-title";

export function NotFound() {
  const { t } = useTranslation();
  usePageTitle(t("error.not_found"));
  return (
    <div className="empty">
      <h1>{t("error.not_found")}</h1>
      <Link to="/">{t("error.home")}</Link>
    </div>
  );
}
