import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { useFault } from "../api/reachability";
import type { ApiToken } from "../api/types";
import { Failure, Loading } from "../layout/states";
import { Dialog, Fault } from "./dialog";
import { Secret } from "./secret";
import { useSession } from "./session-store";
import { TokenForm } from "./token-form";
import { readTokens, revokeToken, TOKENS_KEY } from "./tokens-api";

/** One's own API tokens, for programs. */
export default function TokensDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const tokens = useQuery({ queryKey: TOKENS_KEY, queryFn: readTokens, staleTime: 0 });
  const [made, setMade] = useState<{ name: string; token: string }>();
  const [fault, setFault] = useFault();
  const refresh = () => client.invalidateQueries({ queryKey: TOKENS_KEY });
  const revoke = async (name: string) => {
    setFault(undefined);
    try {
      await revokeToken(name);
      if (made?.name === name) setMade(undefined);
    } catch (error) {
      setFault(error as Error);
    }
    await refresh();
  };
  return (
    <Dialog title={t("session.tokens.title")} onClose={onClose}>
      <p className="muted">{t("session.tokens.lead")}</p>
      {tokens.isPending && <Loading rows={1} />}
      {tokens.error && <Failure error={tokens.error} retry={() => void tokens.refetch()} />}
      <Fault error={fault} />
      {tokens.data?.items.length === 0 && !made && <p className="muted">{t("session.tokens.none")}</p>}
      <ul className="token-list">
        {tokens.data?.items.map((token) => (
          <Token key={token.id} token={token} onRevoke={() => void revoke(token.name)} />
        ))}
      </ul>
      {made && <Secret text={made.token}>{t("session.tokens.once", { name: made.name })}</Secret>}
      <TokenForm
        onMade={(name, token) => {
          setMade({ name, token });
          void refresh();
        }}
      />
    </Dialog>
  );
}

function Token({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const { t, i18n } = useTranslation();
  const { user } = useSession();
  const [asked, setAsked] = useState(false);
  const day = (at: string) => new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" }).format(new Date(at));
  const over = token.expires_at !== null && Date.parse(token.expires_at) < Date.now();
  const project = user?.projects.find(({ id }) => id === token.project_id)?.name ?? token.project_id;
  const ends = !token.expires_at
    ? t("session.tokens.for_ever")
    : t(over ? "session.tokens.ended" : "session.tokens.until", { at: day(token.expires_at) });
  return (
    <li data-testid="token">
      <div>
        <strong>{token.name}</strong>
        <small className="muted">
          {[
            token.enqueue
              ? t("session.tokens.only_enqueues", { job: token.enqueue })
              : t(`session.roles.${token.role}`),
            project ?? t("session.tokens.my_projects"),
            t("session.tokens.made", { at: day(token.created_at) }),
            ends,
          ].join(" · ")}
        </small>
      </div>
      {asked ? (
        <span>
          <button type="button" className="primary" autoFocus onClick={onRevoke}>
            {t("session.tokens.yes_revoke")}
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            {t("session.tokens.keep")}
          </button>
        </span>
      ) : (
        <button
          type="button"
          aria-label={`${t("session.tokens.revoke")}: ${token.name}`}
          onClick={() => setAsked(true)}
        >
          {t("session.tokens.revoke")}
        </button>
      )}
    </li>
  );
}
