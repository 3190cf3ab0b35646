import { useTranslation } from "#i18n";
import type { Delivery } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { fullTimeOf, relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useNow } from "../../live/use-now";
import { OUTCOMES, TONES, useDeliveries } from "./hooks-data";

interface Props {
  hook: string;
  outcome: string;
  /** The delivery that the page comes before; nothing for the newest. */
  before: string;
  onChange: (changes: Record<string, string>) => void;
  onOpen: (id: string) => void;
}

/** What was sent to a hook, and what became of it. */
export function Deliveries({ hook, outcome, before, onChange, onOpen }: Props) {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const page = useDeliveries({ hook, project_id: projectId, outcome, before });
  const items = page.data?.items;
  return (
    <section className="panel" data-testid="deliveries">
      <header>
        <h2>{t("hooks.deliveries", { hook })}</h2>
        <select
          aria-label={t("hooks.outcome")}
          value={outcome}
          onChange={({ target }) => onChange({ outcome: target.value, before: "" })}
        >
          <option value="">{t("hooks.any_outcome")}</option>
          {OUTCOMES.map((known) => (
            <option key={known} value={known}>
              {t(`hooks.outcomes.${known}`)}
            </option>
          ))}
        </select>
      </header>
      {page.error && <Failure error={page.error} retry={() => void page.refresh()} />}
      {page.loading && <Loading rows={4} />}
      {items?.length === 0 && <Empty>{t(outcome ? "hooks.no_match" : "hooks.nothing_sent")}</Empty>}
      {items && items.length > 0 && (
        <table className="stack-table hook-table" role="table" aria-busy={page.refreshing}>
          <thead>
            <tr>
              {["at", "outcome", "name", "project", "came_of_it"].map((column) => (
                <th key={column} scope="col">
                  {t(`hooks.columns.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((delivery) => (
              <Row key={delivery.id} delivery={delivery} onOpen={onOpen} />
            ))}
          </tbody>
        </table>
      )}
      {(before || page.data?.next) && (
        <div className="pager" role="group" aria-label={t("page.label")}>
          <button type="button" disabled={!before} onClick={() => onChange({ before: "" })}>
            {t("hooks.newest")}
          </button>
          <button type="button" disabled={!page.data?.next} onClick={() => onChange({ before: page.data?.next ?? "" })}>
            {t("hooks.older")}
          </button>
        </div>
      )}
    </section>
  );
}

function Row({ delivery, onOpen }: { delivery: Delivery; onOpen: (id: string) => void }) {
  const { t, i18n } = useTranslation();
  const said = useSaid();
  const now = useNow(5_000);
  const time = fullTimeOf(i18n.language);
  return (
    <tr data-testid="delivery" data-outcome={delivery.outcome}>
      <td data-label={t("hooks.columns.at")}>
        <button
          type="button"
          className="link num"
          title={time.format(new Date(delivery.received_at))}
          onClick={() => onOpen(delivery.id)}
        >
          {relative(Date.parse(delivery.received_at) - now, i18n.language)}
        </button>
      </td>
      <td data-label={t("hooks.columns.outcome")}>
        <span className="hook-outcome" data-tone={TONES[delivery.outcome]}>
          {t(`hooks.outcomes.${delivery.outcome}`)}
        </span>
      </td>
      <td className="hook-name" data-label={t("hooks.columns.name")}>
        <span>
          {delivery.replay_of ? (
            t("hooks.replayed_by", { who: delivery.replayed_by })
          ) : (
            <code title={delivery.identity}>{delivery.identity}</code>
          )}
          {delivery.times > 1 && <small className="muted"> {t("hooks.times", { count: delivery.times })}</small>}
        </span>
      </td>
      <td data-label={t("hooks.columns.project")}>{delivery.project ?? "–"}</td>
      <td className="hook-reason" data-label={t("hooks.columns.came_of_it")}>
        {delivery.run_id ? (
          <Link to={`/runs/${delivery.run_id}`}>
            <code>{t("hooks.run", { id: delivery.run_id.slice(-8) })}</code>
          </Link>
        ) : (
          <span>{said(delivery.told, delivery.reason)}</span>
        )}
      </td>
    </tr>
  );
}
