import { useState } from "react";
import { useTranslation } from "#i18n";
import { useFault } from "../../api/reachability";
import type { Worker } from "../../api/types";
import { size } from "../../i18n/size";
import { relative } from "../../i18n/time";
import { Link } from "../../layout/link";
import { Modal } from "../../layout/modal";
import { useScopedPath } from "../../layout/project-scope";
import { useNow } from "../../live/use-now";
import { useRights } from "../../session/rights";
import "../runs/runs.css";
import { setDraining } from "./workers-data";

const TONES: Record<Worker["state"], string> = {
  active: "good",
  draining: "fair",
  drained: "rest",
  unresponsive: "bad",
  unknown: "rest",
};

/** One worker, with what can be asked of it. */
export function WorkerItem({ worker, onChanged }: { worker: Worker; onChanged: () => void }) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const whyNot = useRights().whyNot("admin");
  const set = async (drain: boolean) => {
    setBusy(true);
    setFault(undefined);
    try {
      await setDraining(worker.name, drain);
      onChanged();
      setAsked(false);
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
  };
  return (
    <li className="worker panel" data-testid="worker" data-state={worker.state}>
      <div className="worker-head">
        <h2>
          <code>{worker.host ? `${worker.host} · ${worker.pid}` : worker.name.slice(0, 15)}</code>
        </h2>
        <span className="worker-state" data-tone={TONES[worker.state]}>
          {t(`workers.states.${worker.state}`)}
        </span>
        {worker.state === "active" && (
          <button
            type="button"
            disabled={!!whyNot || busy}
            title={whyNot}
            data-testid="drain"
            onClick={() => setAsked(true)}
          >
            {t("workers.drain")}
          </button>
        )}
        {worker.drain_at !== null && (
          <button
            type="button"
            disabled={!!whyNot || busy}
            title={whyNot}
            data-testid="undrain"
            onClick={() => void set(false)}
          >
            {t("workers.undrain")}
          </button>
        )}
      </div>
      <Facts worker={worker} />
      {worker.labels.length > 0 && (
        <ul className="worker-labels" aria-label={t("workers.labels")} data-testid="worker-labels">
          {worker.labels.map((label) => (
            <li key={label}>{label}</li>
          ))}
        </ul>
      )}
      {worker.runs.length > 0 && (
        <ul className="worker-runs">
          {worker.runs.map(({ job_type, count }) => (
            <li key={job_type}>
              <Link to={scoped(`/runs?job=${encodeURIComponent(job_type)}&state=running`)}>{job_type}</Link>
              {count > 1 && <span className="num"> × {count}</span>}
            </li>
          ))}
        </ul>
      )}
      {worker.plugins && worker.plugins.length > 0 && (
        <details>
          <summary>{t("workers.plugins", { count: worker.plugins.length })}</summary>
          <ul className="worker-plugins">
            {worker.plugins.map((plugin) => (
              <li key={plugin}>
                <code>{plugin}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {fault && !asked && (
        <p className="bad" role="alert">
          {fault.message}
        </p>
      )}
      {asked && (
        <Modal label={t("workers.drain_ask")} className="many-dialog" onClose={() => setAsked(false)}>
          <h2>{t("workers.drain_ask")}</h2>
          <p className="muted">{t("workers.drain_about", { count: worker.running })}</p>
          {fault && (
            <p className="bad" role="alert">
              {fault.message}
            </p>
          )}
          <div className="run-actions">
            <button
              type="button"
              className="primary"
              disabled={busy}
              data-testid="drain-confirm"
              onClick={() => void set(true)}
            >
              {t("workers.drain")}
            </button>
            <button type="button" onClick={() => setAsked(false)}>
              {t("workers.drain_no")}
            </button>
          </div>
        </Modal>
      )}
    </li>
  );
}

/** What is used of the machine; what it does not tell is left out. */
function use(
  memoryName: string,
  cpuName: string,
  memory: number | null,
  cpu: number | null,
  language: string,
): [string, string][] {
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  return [
    ...(memory === null ? [] : [[memoryName, size(memory, language)] as [string, string]]),
    ...(cpu === null ? [] : [[cpuName, percent.format(cpu)] as [string, string]]),
  ];
}

function Facts({ worker }: { worker: Worker }) {
  const { t, i18n } = useTranslation();
  const now = useNow(5_000);
  const { memory_bytes, cpu_share, programs_memory_bytes, programs_cpu_share } = worker.load;
  const ago = (at: string) => relative(Math.min(0, Date.parse(at) - now), i18n.language);
  const facts = [
    [t("workers.version"), worker.version ?? t("workers.older")],
    [
      t("workers.running"),
      worker.concurrency === null
        ? String(worker.running)
        : t("workers.of", { running: worker.running, most: worker.concurrency }),
    ],
    ...use(t("workers.memory"), t("workers.cpu"), memory_bytes, cpu_share, i18n.language),
    // A worker that runs no program has nothing to tell of them.
    ...(programs_memory_bytes
      ? use(
          t("workers.programs_memory"),
          t("workers.programs_cpu"),
          programs_memory_bytes,
          programs_cpu_share,
          i18n.language,
        )
      : []),
    ...(worker.started_at ? [[t("workers.since"), ago(worker.started_at)]] : []),
    ...(worker.seen_at ? [[t("workers.seen"), ago(worker.seen_at)]] : []),
    ...(worker.drain_at
      ? [
          [
            t("workers.draining_since"),
            worker.drain_by
              ? t("workers.by", { ago: ago(worker.drain_at), who: worker.drain_by })
              : ago(worker.drain_at),
          ],
        ]
      : []),
  ];
  return (
    <dl className="worker-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
