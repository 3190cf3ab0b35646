import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { get } from "../../api/client";
import type { Run, RunParams } from "../../api/types";
import { Link } from "../../layout/link";
import { Failure, Loading } from "../../layout/states";
import { useRights } from "../../session/rights";

/** The params of its job that a run had; asked for when it is opened, and for administrators alone, as jobs.toml is. */
export function ParamsInForce({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { admin } = useRights();
  const [open, setOpen] = useState(false);
  const params = useQuery({
    // One that has not begun has those of now.
    queryKey: ["jobs", "run-params", run.id, run.started_at],
    queryFn: () => get<RunParams>(`/jobs/runs/${run.id}/params`),
    enabled: open,
  });
  if (!admin) return null;
  return (
    <section className="panel run-input" data-testid="run-params">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("runs.params.title")}</summary>
        {open && params.isPending && <Loading rows={2} />}
        {params.error && <Failure error={params.error} retry={() => void params.refetch()} />}
        {params.data && <Params params={params.data} job={run.job_type} />}
      </details>
    </section>
  );
}

function Params({ params, job }: { params: RunParams; job: string }) {
  const { t, i18n } = useTranslation();
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  return (
    <>
      <p className="muted">
        <Link to="/config/history">
          <code>{params.revision.slice(0, 8)}</code>
        </Link>{" "}
        {t(params.by ? "runs.params.since_by" : "runs.params.since", {
          time: time.format(new Date(params.since)),
          name: params.by ?? "",
        })}
        {". "}
        {params.current && t("runs.params.current")}
        {!params.current && params.same_now === true && t("runs.params.same")}
        {params.same_now === false && (
          <Link to={`/config/jobs?job=${encodeURIComponent(job)}`}>{t("runs.params.other")}</Link>
        )}
      </p>
      {params.params === null ? (
        <p className="muted">{t("runs.params.none")}</p>
      ) : (
        <pre className="scroll" tabIndex={0}>
          {JSON.stringify(params.params, null, 2)}
        </pre>
      )}
    </>
  );
}
