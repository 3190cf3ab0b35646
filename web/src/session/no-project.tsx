import { useTranslation } from "#i18n";
import { usePageTitle } from "../layout/page-title";

import { LanguageSwitch, ThemeSwitch } from "../layout/switches";
import { sessions, useSession } from "./session-store";
import "./sign-in.css";

/** Signed in, and a member of nothing yet: as who came by a provider for the first time. */
export default function NoProject() {
  const { t } = useTranslation();
  usePageTitle(t("session.no_project"));
  const name = useSession().user?.name;
  return (
    <div className="sign-in">
      <div className="sign-in-tools">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="panel" data-testid="no-project">
        <h1>{t("session.no_project")}</h1>
        <p className="muted">{t("session.no_project_lead", { name })}</p>
        <button type="button" onClick={() => void sessions.signOut().catch(sessions.load)}>
          {t("session.sign_out")}
        </button>
      </main>
    </div>
  );
}
