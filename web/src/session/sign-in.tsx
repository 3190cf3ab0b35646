import { KeyRound } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { useTranslation } from "#i18n";
import { ApiError } from "../api/client";
import { useFault } from "../api/reachability";
import icon from "../layout/icon.svg?no-inline";
import { usePageTitle } from "../layout/page-title";
import { LanguageSwitch, ThemeSwitch } from "../layout/switches";
import { useAddress } from "../layout/use-address";
import { PasswordField } from "./password-field";
import { OIDC } from "./session-api";
import { sessions } from "./session-store";
import "./sign-in.css";
import { keepWanted } from "./wanted";

type Fault = "wrong" | "link_used" | "throttled" | Error;

/** By name and password, by a link, or at a provider; the address stays what it is meanwhile. */
export default function SignIn({ oidc }: { oidc: boolean }) {
  const { t } = useTranslation();
  const place = useLocation();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault<Fault>();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  usePageTitle(t("session.sign_in"));
  const attempt = async (signIn: Promise<void>, refused: Fault) => {
    setBusy(true);
    setFault(undefined);
    try {
      await signIn;
    } catch (error) {
      setFault(faultOf(error as Error, refused));
      setBusy(false);
    }
  };
  const linked = useLink((link) => void attempt(sessions.signInByLink(link), "link_used"));
  useEffect(() => heading.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(sessions.signIn(name, password), "wrong");
  };
  return (
    <div className="sign-in">
      <div className="sign-in-tools">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="panel" data-testid="sign-in" aria-busy={busy}>
        <div className="sign-in-brand">
          <img src={icon} alt="" width={34} height={34} />
          <h1 ref={heading} tabIndex={-1}>
            {t("session.title")}
          </h1>
        </div>
        <p className="muted">{busy && linked ? t("session.by_link") : t("session.lead")}</p>
        {fault && <SignInFault fault={fault} />}
        <form onSubmit={submit}>
          <label htmlFor="sign-in-name">{t("session.name")}</label>
          <input
            id="sign-in-name"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
          <PasswordField
            id="sign-in-password"
            label={t("session.password")}
            value={password}
            onChange={setPassword}
            autoComplete="current-password"
          />
          <button type="submit" className="primary" disabled={busy}>
            {t(busy ? "session.signing_in" : "session.sign_in")}
          </button>
        </form>
        {oidc && (
          <>
            <p className="or muted">
              <span>{t("session.or")}</span>
            </p>
            <a className="as-button" href={OIDC} onClick={() => keepWanted(place)}>
              <KeyRound size={16} aria-hidden />
              {t("session.oidc")}
            </a>
          </>
        )}
      </main>
    </div>
  );
}

function SignInFault({ fault }: { fault: Fault }) {
  const { t } = useTranslation();
  const known = !(fault instanceof Error);
  return (
    <div className="form-fault" role="alert" data-testid="sign-in-fault">
      <strong>{known ? t(`session.fault.${fault}`) : fault.message}</strong>
      {known && <p>{t(`session.fault_help.${fault}`)}</p>}
      {fault instanceof ApiError && fault.help && <p>{fault.help}</p>}
    </div>
  );
}

function faultOf(error: Error, refused: Fault): Fault {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 429) return "throttled";
  return error.status === 401 ? refused : error;
}

/** Takes the link out of the address at once, so that neither history nor a copied address keeps it. */
function useLink(use: (link: string) => void): boolean {
  const { search } = useAddress();
  const navigate = useNavigate();
  const [link] = useState(() => search.get("link"));
  const used = useRef(false);
  useEffect(() => {
    if (!link || used.current) return;
    used.current = true;
    void navigate("/sign-in", { replace: true });
    use(link);
  });
  return link !== null;
}
