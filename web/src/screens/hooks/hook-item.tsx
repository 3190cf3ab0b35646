import { TriangleAlert } from "lucide-react";
import { useTranslation } from "#i18n";

import type { Hook } from "../../api/types";
import { relative } from "../../i18n/time";
import { CopyButton } from "../../layout/copy-button";
import { useNow } from "../../live/use-now";
import { JobLink } from "../jobs/job-link";
import { OUTCOMES } from "./hooks-data";

interface Props {
  hook: Hook;
  /** Whether its deliveries are shown. */
  chosen: boolean;
  onChoose: () => void;
}

/** One hook of jobs.toml: who may send, what comes of it, and how it went in the last day. */
export function HookItem({ hook, chosen, onChoose }: Props) {
  const { t, i18n } = useTranslation();
  const now = useNow(5_000);
  const missing = hook.secrets.filter(({ is_set }) => !is_set).map(({ name }) => name);
  const facts = [
    [t("hooks.scheme"), hook.scheme === "github" ? "GitHub" : "Stripe"],
    [t("hooks.project"), hook.project ?? hook.project_from],
    [t("hooks.when"), hook.when],
    [t("hooks.key"), hook.key],
    [t("hooks.once"), hook.once],
    [t("hooks.rate"), hook.rate],
    [t("hooks.secrets"), hook.secrets.map(({ name }) => name).join(", ")],
    [t("hooks.last"), hook.last && relative(Date.parse(hook.last.received_at) - now, i18n.language)],
  ];
  return (
    <li className="hook panel" data-testid="hook" data-hook={hook.name} data-chosen={chosen || undefined}>
      <div className="hook-head">
        <h2>
          <button type="button" className="link" aria-pressed={chosen} onClick={onChoose}>
            {hook.name}
          </button>
        </h2>
        <span aria-hidden>→</span>
        <JobLink job={hook.job} />
      </div>
      <p className="hook-address">
        <code>POST {hook.path}</code>
        <CopyButton label={t("hooks.copy")} text={() => `${location.origin}${hook.path}`} />
      </p>
      {!hook.ready && (
        <p className="hook-warning" role="status">
          <TriangleAlert size={17} aria-hidden /> {t("hooks.not_ready")}
        </p>
      )}
      {hook.ready && missing.length > 0 && <p className="muted">{t("hooks.not_set", { names: missing.join(", ") })}</p>}
      <dl className="hook-facts">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
        <div>
          <dt>{t("hooks.last_day")}</dt>
          <dd className="num">
            {OUTCOMES.map((outcome) => t(`hooks.counts.${outcome}`, { count: hook.last_day[outcome] })).join(" · ")}
          </dd>
        </div>
      </dl>
    </li>
  );
}
