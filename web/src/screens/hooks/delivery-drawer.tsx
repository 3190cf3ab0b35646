import { X } from "lucide-react";
import { useTranslation } from "#i18n";
import type { WholeDelivery } from "../../api/types";
import { useSaid } from "../../i18n/said";
import { fullTimeOf } from "../../i18n/time";
import { CopyButton } from "../../layout/copy-button";
import { Link } from "../../layout/link";
import { Modal } from "../../layout/modal";
import { Failure, Loading } from "../../layout/states";
import "../data/data.css";
import "../runs/more-of-run.css";
import { readable, TONES, useDelivery } from "./hooks-data";
import { ReplayButton } from "./replay-button";

interface Props {
  hook: string;
  id: string;
  onClose: () => void;
}

/** All that is known of a delivery, at the side of the page, and what may be done with it. */
export function DeliveryDrawer({ hook, id, onClose }: Props) {
  const { t } = useTranslation();
  const { data, error, loading, refresh } = useDelivery(hook, id);
  return (
    <Modal label={t("hooks.delivery")} className="drawer" onClose={onClose}>
      <header className="modal-head">
        <h2>{t("hooks.delivery")}</h2>
        <button type="button" className="ghost icon" aria-label={t("data.close")} onClick={onClose}>
          <X size={16} aria-hidden />
        </button>
      </header>
      {error && <Failure error={error} retry={() => void refresh()} />}
      {loading && <Loading rows={5} />}
      {data && (
        <>
          <div className="drawer-actions">
            <ReplayButton hook={hook} delivery={data} />
          </div>
          <Facts delivery={data} />
          <Body delivery={data} />
        </>
      )}
    </Modal>
  );
}

function Facts({ delivery }: { delivery: WholeDelivery }) {
  const { t, i18n } = useTranslation();
  const said = useSaid();
  const time = fullTimeOf(i18n.language);
  const { run_id: run, outcome } = delivery;
  const facts: [string, React.ReactNode][] = [
    [
      t("hooks.columns.outcome"),
      <span key="outcome" className="hook-outcome" data-tone={TONES[outcome]}>
        {t(`hooks.outcomes.${outcome}`)}
      </span>,
    ],
    [t("hooks.reason"), said(delivery.told, delivery.reason)],
    [t("hooks.made_run"), run && <Link to={`/runs/${run}`}>{run}</Link>],
    [t("hooks.columns.at"), time.format(new Date(delivery.received_at))],
    [t("hooks.columns.name"), delivery.replay_of ? null : <code key="name">{delivery.identity}</code>],
    [t("hooks.repeats"), delivery.replay_of && t("hooks.replayed_by", { who: delivery.replayed_by })],
    [t("hooks.came"), delivery.times > 1 && t("hooks.times", { count: delivery.times })],
    [t("hooks.columns.project"), delivery.project],
    [t("hooks.address"), delivery.address],
  ];
  return (
    <dl className="row-details" data-testid="delivery-details">
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="whole-text">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Body({ delivery }: { delivery: WholeDelivery }) {
  const { t } = useTranslation();
  const { body } = delivery;
  const headers = Object.entries(delivery.headers as Record<string, string>);
  return (
    <>
      {headers.length > 0 && (
        <section className="more-json">
          <h3>{t("hooks.headers")}</h3>
          <pre tabIndex={0}>{headers.map(([name, value]) => `${name}: ${value}`).join("\n")}</pre>
        </section>
      )}
      <section className="more-json">
        <div className="hook-body-head">
          <h3>{t("hooks.body")}</h3>
          {body !== null && <CopyButton label={t("hooks.copy_body")} text={() => body} />}
        </div>
        {body === null ? (
          <p className="muted">{t(`hooks.body_states.${delivery.body_state}`)}</p>
        ) : (
          <pre tabIndex={0}>{readable(body)}</pre>
        )}
      </section>
    </>
  );
}
