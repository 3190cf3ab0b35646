import { useState } from "react";
import { useTranslation } from "#i18n";
import { useFault } from "../api/reachability";
import { Link } from "../layout/link";
import { useScopedPath } from "../layout/project-scope";
import { accountPlaces } from "./places";
import { sessions, useSession } from "./session-store";
import "./account-menu.css";

export type AccountDialog = "password" | "tokens";

interface Props {
  id: string;
  onLeave: () => void;
  onDialog: (which: AccountDialog) => void;
}

/** What unfolds below the name of who is signed in. */
export default function AccountMenu({ id, onLeave, onDialog }: Props) {
  const { t } = useTranslation();
  const session = useSession();
  const scoped = useScopedPath();
  const { user } = session;
  if (!user) return null;
  return (
    <div className="menu" id={id}>
      <p>
        <strong>{user.display_name ?? user.name}</strong>
        {user.display_name && <small className="muted">{user.name}</small>}
        <small className="muted">
          {user.admin ? t("session.admin") : t("session.member", { count: user.projects.length })}
        </small>
      </p>
      {accountPlaces(session).map(({ path, text }) => (
        <Link key={path} to={scoped(path)} onClick={onLeave}>
          {t(text)}
        </Link>
      ))}
      <button type="button" onClick={() => onDialog("tokens")}>
        {t("session.tokens.title")}
      </button>
      <button type="button" onClick={() => onDialog("password")}>
        {t(user.has_password ? "session.change_password" : "session.set_password")}
      </button>
      <SignOut />
    </div>
  );
}

function SignOut() {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const [fault, setFault] = useFault();
  const leave = (everywhere: boolean) => void sessions.signOut({ everywhere }).catch(setFault);
  return (
    <div className="leave">
      <button type="button" data-testid="sign-out" onClick={() => leave(false)}>
        {t("session.sign_out")}
      </button>
      {asked ? (
        <div className="confirm" role="group" aria-label={t("session.sign_out_everywhere")}>
          <p>{t("session.confirm_everywhere")}</p>
          <button
            type="button"
            className="primary"
            autoFocus
            data-testid="confirm-everywhere"
            onClick={() => leave(true)}
          >
            {t("session.sign_out_everywhere")}
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            {t("session.stay")}
          </button>
        </div>
      ) : (
        <button type="button" data-testid="sign-out-everywhere" onClick={() => setAsked(true)}>
          {t("session.sign_out_everywhere")}…
        </button>
      )}
      {fault && (
        <p role="alert" className="fault">
          {fault.message}
        </p>
      )}
    </div>
  );
}
