import { useTranslation } from "#i18n";
import { Link } from "../../../layout/link";

import { useScopedPath } from "../../../layout/project-scope";

/** A text that is no TOML has no forms. */
export function NotToml({ error }: { error: string }) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  return (
    <section className="panel" role="alert">
      <p>{t("config.not_toml")}</p>
      <pre className="scroll">{error}</pre>
      <Link to={scoped("/config/file")}>{t("config.fix_in_file")}</Link>
    </section>
  );
}
