import { ArrowRight, X } from "lucide-react";
import { Fragment, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Diagnostic } from "../../../api/types";
import { lazyPart } from "../../../layout/lazy-part";
import { useProjectScope, useScopedPath } from "../../../layout/project-scope";
import { useTrends } from "../../graph/graph-data";
import { cycleOf } from "../../graph/graph-focus";
import { graphOf } from "../../graph/graph-model";
import { useJobsStatus } from "../../jobs/jobs-data";
import { FieldFault } from "../faults";
import { faultsAt } from "../faults-at";
import { jobNames, listEdit } from "../forms/list-edits";
import type { TabProps } from "../tabs";
import { listsAt } from "../toml";
import type { Configuration } from "../use-configuration";
import { NotToml } from "./not-toml";

const GraphView = lazyPart(() => import("../../graph/graph-view"));
const CHAINS = "CASCADE_CHAINS";
/** Narrower than this, connections are easier to draw by the form. */
const isWide = () => matchMedia("(min-width: 701px)").matches;

/** What triggers what: as connections between jobs, and as a list for the keyboard and narrow screens. */
export default function CascadesTab({ configuration }: TabProps) {
  const { parsed, readOnly, edit, check } = configuration;
  const chains = useMemo(() => (parsed.value ? listsAt(parsed.value, CHAINS) : {}), [parsed]);
  const [wide] = useState(isWide);
  if (!parsed.value) return <NotToml error={parsed.error} />;
  const connect = (from: string, to: string, wanted: boolean) => edit([listEdit(CHAINS, from, to, wanted)]);
  return (
    <div className="config-columns">
      {wide && <ConnectionGraph configuration={configuration} chains={chains} onConnection={connect} />}
      <section className="panel" data-testid="chain-form">
        <ConnectionForm configuration={configuration} chains={chains} onConnection={connect} />
        <ul className="chain-list">
          {Object.entries(chains).map(([from, downstream]) => (
            <Chain
              key={from}
              from={from}
              downstream={downstream}
              faults={faultsAt(check.diagnostics, CHAINS, from)}
              readOnly={readOnly}
              onConnection={connect}
            />
          ))}
        </ul>
      </section>
    </div>
  );
}

type OnConnection = (from: string, to: string, wanted: boolean) => void;

interface Props {
  configuration: Configuration;
  chains: Record<string, string[]>;
  onConnection: OnConnection;
}

function ConnectionGraph({ configuration, chains, onConnection }: Props) {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const navigate = useNavigate();
  const scoped = useScopedPath();
  const status = useJobsStatus(projectId);
  const trends = useTrends(projectId).data;
  const { readOnly, types, parsed } = configuration;
  const [cycle, setCycle] = useState<string[]>();
  // Another connection, or none of those that closed it.
  useEffect(() => setCycle(undefined), [chains]);
  const now = status.data?.now ?? "";
  const graph = useMemo(() => {
    // A job that stands in no chain yet can be connected too.
    const all = Object.fromEntries(types.map(({ name }) => [name, [] as string[]]));
    const config = {
      CASCADE_CHAINS: { ...all, ...chains },
      JOB_TO_DATA_MAP: parsed.value ? listsAt(parsed.value, "JOB_TO_DATA_MAP") : {},
    };
    return graphOf({ config, scheduled: status.data?.items ?? [], trends: trends?.items ?? [], now });
  }, [types, chains, parsed, status.data, trends, now]);
  const forms = scoped("/config/jobs");
  const open = (job: string | undefined) => {
    if (job) void navigate(`${forms}${forms.includes("?") ? "&" : "?"}job=${encodeURIComponent(job)}`);
  };
  return (
    <div className="connection-graph">
      <Suspense fallback={<div className="graph-canvas skeleton" aria-busy="true" />}>
        <GraphView
          graph={graph}
          now={now}
          onSelect={readOnly ? () => {} : open}
          {...(!readOnly && {
            onConnect: (from: string, to: string) => {
              const closed = cycleOf(from, to, chains);
              setCycle(closed);
              if (!closed) onConnection(from, to, true);
            },
            canConnect: (from: string, to: string) => !chains[from]?.includes(to),
            onDisconnect: (from: string, to: string) => onConnection(from, to, false),
          })}
        />
      </Suspense>
      {cycle && <CycleFault cycle={cycle} onClose={() => setCycle(undefined)} />}
      <p className="muted">{t(readOnly ? "config.cascades.read_only" : "config.cascades.hint")}</p>
    </div>
  );
}

function ConnectionForm({ configuration, chains, onConnection }: Props) {
  const { t } = useTranslation();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const jobs = jobNames(
    chains,
    configuration.types.map(({ name }) => name),
  );
  const free = jobs.filter((job) => job !== from && !chains[from]?.includes(job));
  const cycle = from !== "" && to !== "" ? cycleOf(from, to, chains) : undefined;
  const fits = from !== "" && free.includes(to) && !cycle;
  return (
    <form
      className="connection-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!fits) return;
        onConnection(from, to, true);
        setTo("");
      }}
    >
      <JobSelect
        label={t("config.cascades.from")}
        value={from}
        jobs={jobs}
        onChoose={setFrom}
        disabled={configuration.readOnly}
      />
      <ArrowRight size={18} aria-hidden className="muted" />
      <JobSelect
        label={t("config.cascades.to")}
        value={to}
        jobs={free}
        onChoose={setTo}
        disabled={configuration.readOnly}
      />
      <button type="submit" className="primary" disabled={configuration.readOnly || !fits}>
        {t("config.add")}
      </button>
      {cycle && <CycleFault cycle={cycle} />}
    </form>
  );
}

/** Why a connection cannot be: the way on which it would come back to its start. */
function CycleFault({ cycle, onClose }: { cycle: string[]; onClose?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="cycle-fault" role="alert" data-testid="cycle">
      <div>
        <strong>{t("config.cascades.cycle")}</strong>{" "}
        {cycle.map((job, at) => (
          <Fragment key={at}>
            {at > 0 && " → "}
            <code>{job}</code>
          </Fragment>
        ))}
        <p>{t("config.cascades.cycle_help")}</p>
      </div>
      {onClose && (
        <button type="button" className="ghost icon" aria-label={t("config.close")} onClick={onClose}>
          <X size={14} aria-hidden />
        </button>
      )}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  jobs: string[];
  disabled: boolean;
  onChoose: (job: string) => void;
}

function JobSelect({ label, value, jobs, disabled, onChoose }: SelectProps) {
  const { t } = useTranslation();
  return (
    <label>
      <span>{label}</span>
      <select
        value={jobs.includes(value) ? value : ""}
        disabled={disabled}
        onChange={(event) => onChoose(event.target.value)}
      >
        <option value="">{t("config.choose")}</option>
        {jobs.map((job) => (
          <option key={job}>{job}</option>
        ))}
      </select>
    </label>
  );
}

interface ChainProps {
  from: string;
  downstream: string[];
  faults: Diagnostic[];
  readOnly: boolean;
  onConnection: OnConnection;
}

function Chain({ from, downstream, faults, readOnly, onConnection }: ChainProps) {
  const { t } = useTranslation();
  return (
    <li data-testid="chain" data-job={from}>
      <code>{from}</code>
      <ul className="chips">
        {downstream.map((to) => (
          <li key={to} className="chip">
            <ArrowRight size={14} aria-hidden />
            <code>{to}</code>
            {!readOnly && (
              <button
                type="button"
                className="ghost icon"
                aria-label={t("config.cascades.remove", { from, to })}
                title={t("config.cascades.remove", { from, to })}
                onClick={() => onConnection(from, to, false)}
              >
                <X size={14} aria-hidden />
              </button>
            )}
          </li>
        ))}
      </ul>
      <FieldFault faults={faults} />
    </li>
  );
}
