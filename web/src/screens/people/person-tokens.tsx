import { useState } from "react";
import { useTranslation } from "#i18n";

import type { ApiToken } from "../../api/types";
import { useChange } from "./people-data";

/** Somebody's API tokens, for an administrator who takes them away. */
export function PersonTokens({ name, tokens }: { name: string; tokens: ApiToken[] }) {
  const { t, i18n } = useTranslation();
  const [asked, setAsked] = useState(false);
  const { busy, fault, revokeToken, revokeTokens } = useChange();
  const day = (at: string) => new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" }).format(new Date(at));
  const ends = ({ expires_at: at }: ApiToken) =>
    !at
      ? t("session.tokens.for_ever")
      : t(Date.parse(at) < Date.now() ? "session.tokens.ended" : "session.tokens.until", { at: day(at) });
  return (
    <details className="tokens" data-testid="person-tokens">
      <summary>{t("people.tokens", { count: tokens.length })}</summary>
      <ul>
        {tokens.map((token) => (
          <li key={token.id}>
            <span>
              <strong>{token.name}</strong>{" "}
              <small className="muted">{[t(`session.roles.${token.role}`), ends(token)].join(" · ")}</small>
            </span>
            <button
              type="button"
              disabled={busy}
              aria-label={`${t("session.tokens.revoke")}: ${name}, ${token.name}`}
              onClick={() => void revokeToken(name, token.name)}
            >
              {t("session.tokens.revoke")}
            </button>
          </li>
        ))}
      </ul>
      {fault && (
        <p className="fault" role="alert">
          {fault.message}
        </p>
      )}
      {asked ? (
        <span>
          <button type="button" className="primary" autoFocus disabled={busy} onClick={() => void revokeTokens(name)}>
            {t("session.tokens.yes_revoke")}
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            {t("session.tokens.keep")}
          </button>
        </span>
      ) : (
        <button type="button" disabled={busy} onClick={() => setAsked(true)}>
          {t("people.revoke_tokens")}
        </button>
      )}
    </details>
  );
}
