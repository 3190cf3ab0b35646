import { type FormEvent, useState } from "react";
import { useTranslation } from "#i18n";

import { useFault } from "../api/reachability";
import { Dialog, Fault } from "./dialog";
import { PasswordField } from "./password-field";
import { setPassword } from "./session-api";
import { sessions, useSession } from "./session-store";

const SHORTEST = 15;

export default function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  // As it was when the dialog opened: setting the first one makes it true.
  const [has] = useState(user?.has_password ?? false);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [endTokens, setEndTokens] = useState(true);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [done, setDone] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      await setPassword(next, has ? current : undefined, !endTokens);
      setDone(true);
      void sessions.load();
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
  };
  return (
    <Dialog title={t(has ? "session.change_password" : "session.set_password")} onClose={onClose}>
      {done ? (
        <>
          <p className="toast" role="status" data-testid="password-set">
            {t("session.password_set")}
          </p>
          <button type="button" autoFocus onClick={onClose}>
            {t("data.close")}
          </button>
        </>
      ) : (
        <form className="session-form" onSubmit={(event) => void submit(event)}>
          {/* For the browser's password store. */}
          <input
            className="sr-only"
            tabIndex={-1}
            aria-hidden
            autoComplete="username"
            readOnly
            value={user?.name ?? ""}
          />
          {has && (
            <PasswordField
              id="password-now"
              label={t("session.password_now")}
              value={current}
              onChange={setCurrent}
              autoComplete="current-password"
            />
          )}
          <PasswordField
            id="password-next"
            label={t("session.password_next")}
            value={next}
            onChange={setNext}
            autoComplete="new-password"
            minLength={SHORTEST}
            help={t("session.password_rule", { shortest: SHORTEST })}
          />
          <label className="check">
            <input type="checkbox" checked={endTokens} onChange={({ target }) => setEndTokens(target.checked)} />
            {t("session.password_ends_tokens")}
          </label>
          <Fault error={fault} />
          <button type="submit" className="primary" disabled={busy}>
            {t("session.save_password")}
          </button>
        </form>
      )}
    </Dialog>
  );
}
