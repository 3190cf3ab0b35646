import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <div className="empty">
      <h1>{t("error.not_found")}</h1>
      <Link to="/">{t("error.home")}</Link>
    </div>
  );
}
