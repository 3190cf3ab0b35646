import { ArrowRight, Settings2, X } from "lucide-react";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "#i18n";
import type { Diagnostic, JobType } from "../../../api/types";
import { lazyPart } from "../../../layout/lazy-part";
import { useProjectScope, useScopedNavigate } from "../../../layout/project-scope";
import { useAddress } from "../../../layout/use-address";
import { type Edge, edgeOf, summaryOf, written } from "../../edges/edge";
import { EdgeForm } from "../../edges/edge-form";
import { connectionsOf } from "../../edges/join";
import "../../edges/joins.css";
import { useJobStates, useTrends } from "../../graph/graph-data";
import { cycleOf } from "../../graph/graph-focus";
import { graphOf, type JobStates } from "../../graph/graph-model";
import { FieldFault } from "../faults";
import { faultsAt } from "../faults-at";
import { connectEdit, leaveEdit } from "../forms/join-edits";
import { jobNames, listEdit } from "../forms/list-edits";
import type { TabProps } from "../tabs";
import { CHAINS, chainsAt, edgesAt, joinsAt, listsAt, valueAt } from "../toml";
import type { Configuration } from "../use-configuration";
import { JoinList } from "./join-list";
import { NotToml } from "./not-toml";
import { RunsAfterChoice } from "./runs-after";

const GraphView = lazyPart(
  () => import("../../graph/graph-view"),
  <div className="graph-canvas skeleton" aria-busy="true" />,
);
/** Who draws connections does not watch runs. */
const STATES_MS = 15_000;
const NO_STATES: JobStates = { scheduled: [], summaries: null, now: "" };
/** Narrower than this, connections are easier to draw by the form. */
const isWide = () => matchMedia("(min-width: 701px)").matches;

/** What triggers what: as connections between jobs, and as a list for the keyboard and narrow screens. */
export default function CascadesTab({ configuration }: TabProps) {
  const { parsed, readOnly, edit, check } = configuration;
  /** By edges and by joins. */
  const connections = useMemo(() => {
    const root = parsed.value ?? {};
    return connectionsOf(chainsAt(root), joinsAt(root));
  }, [parsed]);
  const [wide] = useState(isWide);
  // The job to which a connection was drawn last.
  const [drawn, setDrawn] = useState<string>();
  if (!parsed.value) return <NotToml error={parsed.error} />;
  const root = parsed.value;
  const connect = (from: string, to: string) => {
    edit([connectEdit(root, from, to)]);
    setDrawn(to);
  };
  const disconnect = (from: string, to: string, joined = false) =>
    edit(joined ? leaveEdit(root, to, from) : [listEdit(CHAINS, from, to, false)]);
  const typeOf = (job: string) => configuration.types.find(({ name }) => name === job);
  /** Puts an edge in the place of the one that was there; without one, takes that out. */
  const change = (from: string, at: number, edge: Edge | undefined) => {
    const list = valueAt(root, [CHAINS, from]);
    if (!Array.isArray(list)) return;
    let nth = -1;
    const value = list.flatMap((item: unknown) => {
      if (edgeOf(item)) nth += 1;
      if (!edgeOf(item) || nth !== at) return [item];
      return edge ? [written(edge, item)] : [];
    });
    edit([{ op: "set", path: [CHAINS, from], value }]);
  };
  const shared = { configuration, connections, onConnect: connect };
  return (
    <div className="config-columns">
      {wide && <ConnectionGraph {...shared} onDisconnect={disconnect} />}
      <section className="panel" data-testid="chain-form">
        <ConnectionForm {...shared} />
        {drawn !== undefined && (
          <RunsAfterChoice root={root} job={drawn} edit={edit} onClose={() => setDrawn(undefined)} />
        )}
        <ul className="chain-list">
          {Object.entries(edgesAt(root)).map(([from, edges]) => (
            <Chain
              key={from}
              from={from}
              edges={edges}
              typeOf={typeOf}
              onEdge={(at, edge) => change(from, at, edge)}
              faults={faultsAt(check.diagnostics, CHAINS, from)}
              readOnly={readOnly}
              onDisconnect={disconnect}
            />
          ))}
        </ul>
        <JoinList
          root={root}
          text={configuration.text}
          jobs={namesOf(configuration, connections)}
          typeOf={typeOf}
          diagnostics={check.diagnostics}
          readOnly={readOnly}
          edit={edit}
        />
      </section>
    </div>
  );
}

interface Props {
  configuration: Configuration;
  connections: Record<string, string[]>;
  onConnect: (from: string, to: string) => void;
}

/** Takes an edge out; or a job out of those that a join waits for. */
type OnDisconnect = (from: string, to: string, joined?: boolean) => void;

const namesOf = ({ types }: Configuration, connections: Record<string, string[]>) =>
  jobNames(
    connections,
    types.map(({ name }) => name),
  );

function ConnectionGraph({
  configuration,
  connections,
  onConnect,
  onDisconnect,
}: Props & { onDisconnect: OnDisconnect }) {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const navigate = useScopedNavigate();
  const states = useJobStates(projectId, STATES_MS).data;
  const trends = useTrends(projectId, states).data;
  const { readOnly, types, parsed } = configuration;
  const [cycle, setCycle] = useState<string[]>();
  // Another connection, or none of those that closed it.
  useEffect(() => setCycle(undefined), [connections]);
  const now = states?.now ?? "";
  const graph = useMemo(() => {
    // A job that stands in no chain yet can be connected too.
    const all = Object.fromEntries(types.map(({ name }) => [name, [] as string[]]));
    const root = parsed.value ?? {};
    const config = {
      CASCADE_CHAINS: { ...all, ...chainsAt(root) },
      edges: edgesAt(root),
      CASCADE_JOINS: joinsAt(root),
      JOB_TO_DATA_MAP: listsAt(root, "JOB_TO_DATA_MAP"),
    };
    return graphOf({ config, ...(states ?? NO_STATES), trends: trends?.items ?? [] });
  }, [types, parsed, states, trends]);
  const open = (job: string | undefined) => {
    if (job) navigate("/config/jobs", { job });
  };
  return (
    <div className="connection-graph">
      <GraphView
        graph={graph}
        now={now}
        onSelect={readOnly ? () => {} : open}
        {...(!readOnly && {
          onConnect: (from: string, to: string) => {
            const closed = cycleOf(from, to, connections);
            setCycle(closed);
            if (!closed) onConnect(from, to);
          },
          canConnect: (from: string, to: string) => !connections[from]?.includes(to),
          onDisconnect,
        })}
      />
      {cycle && <CycleFault cycle={cycle} onClose={() => setCycle(undefined)} />}
      <p className="muted">{t(readOnly ? "config.cascades.read_only" : "config.cascades.hint")}</p>
    </div>
  );
}

function ConnectionForm({ configuration, connections, onConnect }: Props) {
  const { t } = useTranslation();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const jobs = namesOf(configuration, connections);
  const free = jobs.filter((job) => job !== from && !connections[from]?.includes(job));
  const cycle = from !== "" && to !== "" ? cycleOf(from, to, connections) : undefined;
  const fits = from !== "" && free.includes(to) && !cycle;
  return (
    <form
      className="connection-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!fits) return;
        onConnect(from, to);
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
  edges: Edge[];
  /** What is known of a job. */
  typeOf: (job: string) => JobType | undefined;
  faults: Diagnostic[];
  readOnly: boolean;
  onDisconnect: OnDisconnect;
  onEdge: (at: number, edge: Edge | undefined) => void;
}

function Chain({ from, edges, typeOf, faults, readOnly, onDisconnect, onEdge }: ChainProps) {
  const { t } = useTranslation();
  // An address may name an edge, such as one that was not taken.
  const { search } = useAddress();
  const [open, setOpen] = useState<number | undefined>(() => {
    const at = search.get("from") === from ? edges.findIndex(({ job }) => job === search.get("to")) : -1;
    return at < 0 ? undefined : at;
  });
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(undefined);
    opener.current?.focus();
  };
  const shown = open === undefined ? undefined : edges[open];
  /** An edge that is alone between its jobs goes by name, as the graph removes it. */
  const remove = (at: number, to: string) =>
    edges.filter(({ job }) => job === to).length > 1 ? onEdge(at, undefined) : onDisconnect(from, to);
  return (
    <li data-testid="chain" data-job={from}>
      <code>{from}</code>
      <ul className="chips">
        {edges.map((edge, at) => (
          <li key={at} className="chip">
            <ArrowRight size={14} aria-hidden />
            <span className="chip-text">
              <code>{edge.job}</code> <Condition edge={edge} />
            </span>
            {!readOnly && (
              <>
                <button
                  type="button"
                  className="ghost icon"
                  aria-expanded={open === at}
                  aria-label={t("edges.form", { from, to: edge.job })}
                  title={t("edges.form", { from, to: edge.job })}
                  onClick={(event) => {
                    opener.current = event.currentTarget;
                    setOpen(open === at ? undefined : at);
                  }}
                >
                  <Settings2 size={14} aria-hidden />
                </button>
                <button
                  type="button"
                  className="ghost icon"
                  aria-label={t("config.cascades.remove", { from, to: edge.job })}
                  title={t("config.cascades.remove", { from, to: edge.job })}
                  onClick={() => {
                    setOpen(undefined);
                    remove(at, edge.job);
                  }}
                >
                  <X size={14} aria-hidden />
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {shown && open !== undefined && !readOnly && (
        <EdgeForm
          key={`${open} ${JSON.stringify(shown)}`}
          from={from}
          edge={shown}
          upstream={typeOf(from)}
          downstream={typeOf(shown.job)}
          onChange={(edge) => onEdge(open, edge)}
          onClose={close}
        />
      )}
      <FieldFault faults={faults} />
    </li>
  );
}

function Condition({ edge }: { edge: Edge }) {
  const { t } = useTranslation();
  const condition = summaryOf(edge, t);
  return condition ? <span className="condition">{condition}</span> : null;
}
