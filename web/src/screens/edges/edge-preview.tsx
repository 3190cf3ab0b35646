import { useTranslation } from "#i18n";
import type { EdgePreview as Answer } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useNow } from "../../live/use-now";
import type { Preview } from "./use-edge-preview";

interface Props {
  from: string;
  to: string;
  preview: Preview;
  /** What the host says against the edge that stands at no field. */
  refused: string | undefined;
  /** Why the host is not asked: the form has faults. */
  faulty: boolean;
}

/** How many of the runs are shown before the rest is counted. */
const SHOWN = 3;

/** What the edge would do with the output of the latest run. */
export function EdgePreview({ from, to, preview, refused, faulty }: Props) {
  const { t } = useTranslation();
  const { answer, error, current } = preview;
  const told = refused ?? (error && !("status" in error && error.status === 400) ? error.message : undefined);
  return (
    <section
      className="edge-preview"
      role="status"
      aria-label={t("edges.preview.title")}
      aria-busy={!current && !faulty && !error}
      data-testid="edge-preview"
      data-current={current || undefined}
    >
      {faulty ? (
        <p className="muted">{t("edges.preview.faulty")}</p>
      ) : error ? (
        <p className="edge-fault">{told ?? t("edges.preview.refused")}</p>
      ) : answer ? (
        <Said from={from} to={to} answer={answer} />
      ) : (
        <p className="muted">{t("edges.preview.asking")}</p>
      )}
    </section>
  );
}

function Said({ from, to, answer }: { from: string; to: string; answer: Answer }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { run_id, taken, reason, told, count, runs } = answer;
  if (run_id === null) return <p className="muted">{t("edges.preview.no_run", { job: from })}</p>;
  const shown = runs.slice(0, SHOWN);
  return (
    <>
      <p>
        <Of answer={answer} id={run_id} />{" "}
        {!taken ? (
          <strong>
            {reason
              ? t("edges.preview.not_taken", { reason: said(told, reason) })
              : t("edges.preview.not_taken_at_all")}
          </strong>
        ) : runs.length === 0 && count > 0 ? (
          <strong>{t("edges.preview.due", { job: to })}</strong>
        ) : (
          <strong>{t("edges.preview.runs", { count, job: to })}</strong>
        )}
      </p>
      {taken && shown.length > 0 && (
        <ol>
          {shown.map(({ key, args }, at) => (
            <li key={at}>
              {key !== null && (
                <>
                  {t("edges.preview.key")} {key === "" ? t("edges.preview.key_of_schedule") : <code>{key}</code>},{" "}
                </>
              )}
              {t("edges.preview.args")} <code>{JSON.stringify(args)}</code>
            </li>
          ))}
        </ol>
      )}
      {taken && count > shown.length && shown.length > 0 && (
        <p className="muted">{t("edges.preview.more", { count: count - shown.length })}</p>
      )}
    </>
  );
}

function Of({ answer: { ended_at, project }, id }: { answer: Answer; id: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow(60_000);
  const ago = ended_at ? relative(Math.min(0, Date.parse(ended_at) - now), i18n.language) : undefined;
  const where = [project, ago].filter(Boolean).join(", ");
  return (
    <span className="muted">
      {t("edges.preview.of")}{" "}
      <Link to={`/runs/${id}`}>
        <code>{id.slice(-8)}</code>
      </Link>
      {where && ` (${where})`}:
    </span>
  );
}
