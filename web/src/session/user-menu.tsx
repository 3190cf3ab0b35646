import { ChevronDown, CircleUser } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useLocation } from "react-router";
import { useTranslation } from "#i18n";
import { lazyPart } from "../layout/lazy-part";
import type { AccountDialog } from "./account-menu";
import { useSession } from "./session-store";
import "./user-menu.css";

const AccountMenu = lazyPart(() => import("./account-menu"));
const PasswordDialog = lazyPart(() => import("./password-dialog"));
const TokensDialog = lazyPart(() => import("./tokens-dialog"));

const preload = () => void AccountMenu.preload().catch(() => {});

/** Who is signed in, and what is theirs; nothing where nobody signs in. */
export function UserMenu() {
  const { t } = useTranslation();
  const id = useId();
  const session = useSession();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<AccountDialog>();
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
  const show = (what: AccountDialog) => {
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
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => setOpen(!open)}
      >
        <CircleUser size={17} aria-hidden />
        <span className="who">{user.display_name ?? user.name}</span>
        <ChevronDown size={14} aria-hidden />
      </button>
      {open && <AccountMenu id={id} onLeave={() => setOpen(false)} onDialog={show} />}
      {dialog === "password" && <PasswordDialog onClose={() => setDialog(undefined)} />}
      {dialog === "tokens" && <TokensDialog onClose={() => setDialog(undefined)} />}
    </div>
  );
}
