import { ChevronDown, CircleUser } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { useFault } from "../api/reachability";
import { lazyPart } from "../layout/lazy-part";
import { useScopedPath } from "../layout/project-scope";
import { accountPlaces } from "./places";
import { sessions, useSession } from "./session-store";
import "./user-menu.css";

const PasswordDialog = lazyPart(() => import("./password-dialog"));
const TokensDialog = lazyPart(() => import("./tokens-dialog"));

/** Who is signed in, and what is theirs; nothing where nobody signs in. */
export function UserMenu() {
  const { t } = useTranslation();
  const id = useId();
  const session = useSession();
  const scoped = useScopedPath();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<"password" | "tokens">();
  const frame = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (!open) return;
    const onDown = (event: PointerEvent) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onDown);
    return () => document.removeEventListener("pointerdown", onDown);
  }, [open]);
  const { user } = session;
  if (!session.sign_in || !user) return null;
  const show = (what: "password" | "tokens") => {
    // The dialog gives the focus back to where it was.
    button.current?.focus();
    setOpen(false);
    setDialog(what);
  };
  return (
    <div
      className="user-menu"
      ref={frame}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget && !frame.current?.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <button
        type="button"
        ref={button}
        className="ghost"
        aria-expanded={open}
        aria-controls={id}
        aria-label={t("session.menu", { name: user.name })}
        data-testid="user-menu"
        onClick={() => setOpen(!open)}
      >
        <CircleUser size={17} aria-hidden />
        <span className="who">{user.display_name ?? user.name}</span>
        <ChevronDown size={14} aria-hidden />
      </button>
      {open && (
        <div className="menu" id={id}>
          <p>
            <strong>{user.display_name ?? user.name}</strong>
            {user.display_name && <small className="muted">{user.name}</small>}
            <small className="muted">
              {user.admin ? t("session.admin") : t("session.member", { count: user.projects.length })}
            </small>
          </p>
          {accountPlaces(session).map(({ path, text }) => (
            <Link key={path} to={scoped(path)} onClick={() => setOpen(false)}>
              {t(text)}
            </Link>
          ))}
          <button type="button" onClick={() => show("tokens")}>
            {t("session.tokens.title")}
          </button>
          <button type="button" onClick={() => show("password")}>
            {t(user.has_password ? "session.change_password" : "session.set_password")}
          </button>
          <SignOut />
        </div>
      )}
      {dialog === "password" && <PasswordDialog onClose={() => setDialog(undefined)} />}
      {dialog === "tokens" && <TokensDialog onClose={() => setDialog(undefined)} />}
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
