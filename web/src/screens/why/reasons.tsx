import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { Reason } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { Link } from "../../layout/link";
import { useScopedPath } from "../../layout/project-scope";
import { useRights } from "../../session/rights";
import { type Place, type Remedy, remediesOf } from "./remedy";
import "./why.css";

/** Codes that have a name of their own; a later host may have more. */
const NAMED = [
  "asked_for",
  "triggered",
  "timer",
  "not_scheduled",
  "disabled",
  "paused",
  "behind_key",
  "backoff",
  "not_due",
  "not_before",
  "debounced",
  "job_limit",
  "project_limit",
  "shared_limit",
  "rate",
  "key_rate",
  "labels",
  "no_plugin",
  "preferred_workers",
  "no_free_worker",
  "unfinished",
  "due",
  "no_trigger",
  "upstream_never_ran",
  "edge_not_taken",
  "upstream_did_not_succeed",
  "upstream_cancelled",
  "join_waits",
  "join_unmet",
  "hook",
] as const;
type Named = (typeof NAMED)[number];
const isNamed = (code: string): code is Named => (NAMED as readonly string[]).includes(code);

interface Props {
  reasons: Reason[];
  place: Place;
  /** Without what would change it: it has run. */
  past?: boolean;
}

/** Causes, and with each the smallest change that helps. */
export function Reasons({ reasons, place, past = false }: Props) {
  const { t } = useTranslation();
  const said = useSaid();
  return (
    <ul className="reasons">
      {reasons.map((reason, at) => (
        <li key={at} data-testid="reason" data-code={reason.code}>
          <span className="reason-name">{isNamed(reason.code) ? t(`why.codes.${reason.code}`) : reason.code}</span>
          <span>{said(reason.told, reason.text)}</span>
          {reason.fix && (
            <span className="muted">
              {t("why.to_change")} {reason.fix_told?.code ? said(reason.fix_told) : <code>{reason.fix}</code>}
            </span>
          )}
          <Remedies remedies={remediesOf(reason, place)} place={place} past={past} />
        </li>
      ))}
    </ul>
  );
}

function Remedies({ remedies, place, past }: { remedies: Remedy[]; place: Place; past: boolean }) {
  const { admin } = useRights();
  const may = remedies.filter((one) => (one.kind === "go" ? admin || !one.admin : !past));
  if (may.length === 0) return null;
  return (
    <span className="run-actions">
      {may.map((one) =>
        one.kind === "go" ? (
          <Way key={one.label} remedy={one} />
        ) : (
          <Act key={one.label} remedy={one} project={place.project_id} />
        ),
      )}
    </span>
  );
}

function Way({ remedy }: { remedy: Extract<Remedy, { kind: "go" }> }) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const [path = "", search] = remedy.to.split("?");
  const to = scoped(path);
  const joined = search ? `${to}${to.includes("?") ? "&" : "?"}${search}` : to;
  return (
    <Link to={joined} data-testid={`why-${remedy.label}`}>
      {t(`why.remedies.${remedy.label}`)}
    </Link>
  );
}

function Act({ remedy, project }: { remedy: Extract<Remedy, { kind: "act" }>; project: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const whyNot = useRights().whyNot("editor", project);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const act = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      if (remedy.action === "retry") await post(`/jobs/runs/${remedy.run}/retry`, {});
      else await post(`/jobs/${encodeURIComponent(remedy.job)}/${remedy.action}`, { project_id: project });
    } catch (error) {
      setFault(error as Error);
    }
    await client.invalidateQueries({ queryKey: ["jobs"] });
    setBusy(false);
  };
  return (
    <>
      <button
        type="button"
        disabled={busy || !!whyNot}
        title={whyNot}
        data-testid={`why-${remedy.label}`}
        onClick={() => void act()}
      >
        {t(`why.remedies.${remedy.label}`, { job: remedy.job })}
      </button>
      {fault && <span role="alert">{fault.message}</span>}
    </>
  );
}
