import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";
import { lazyPart } from "../../layout/lazy-part";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import "../jobs/jobs.css";
import "./graph.css";
import { askGraph, useGraph } from "./graph-data";
import { type Focus, focused, found, hasFailed } from "./graph-focus";
import { GraphList } from "./graph-list";
import { GraphTools } from "./graph-tools";
import type { GraphViewProps } from "./graph-view";

/** On a narrow screen a list says more than a graph that must be moved about. */
const isNarrow = () => matchMedia("(max-width: 700px)").matches;

/** A graph that is there sooner is waited for: a list that is gone at once would only flicker. */
const SOON_MS = 150;
/** Over a line that took so long for one of the scripts that are here, the graph will not be there soon. */
const SLOW_MS = 1000;
const isSlow = () =>
  performance.getEntriesByType("resource").some(({ name, duration }) => name.endsWith(".js") && duration > SLOW_MS);

/** The jobs in words, while the code of the graph is on its way over a slow line. */
function UntilDrawn(props: GraphViewProps) {
  const [slow, setSlow] = useState(isSlow);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SOON_MS);
    return () => clearTimeout(timer);
  }, []);
  return slow ? <GraphList {...props} /> : <div className="graph-canvas skeleton" aria-busy="true" />;
}

const GraphView = lazyPart(
  () => import("./graph-view"),
  (props) => <UntilDrawn {...props} />,
  "of-screen",
);
const JobPanel = lazyPart(() => import("./job-panel"), <aside className="panel job-panel skeleton" aria-busy="true" />);
// Beside the jobs, and not once these have come.
if (!isNarrow()) GraphView.preload().catch(() => {});

export const ask = askGraph;

/** Every cascade as it stands now; `?job=` opens one job beside it, `?view=` chooses graph or list. */
export default function GraphScreen() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const { status, graph, now, error } = useGraph(projectId);
  const { search, set: write } = useAddress();
  const [narrow] = useState(isNarrow);
  const view = search.get("view") ?? (narrow ? "list" : "graph");
  const selected = search.get("job") ?? undefined;
  const set = (name: string, value: string | undefined) => write({ [name]: value }, { replace: true });
  const focus: Focus = {
    find: search.get("find") ?? "",
    failedOnly: search.get("failed") === "1",
    around: search.get("around") ?? undefined,
  };
  const shown = graph && focused(graph, focus);
  const matches = graph && found(graph.jobs, focus.find);
  const job = graph?.jobs.find((other) => other.job === selected);
  const failing = graph?.jobs.filter(hasFailed).length ?? 0;
  usePageTitle(failing > 0 ? t("jobs.failing", { count: failing }) : "", job?.job, t("nav.graph"));
  return (
    <>
      <div className="head wide">
        <div>
          <h1>{t("nav.graph")}</h1>
          <p className="muted">{t("graph.lead")}</p>
        </div>
        <div className="graph-tools">
          <GraphTools view={view} focus={focus} failed={failing} onChange={set} />
          <LastUpdatedIndicator of={status} />
        </div>
      </div>
      {error && <Failure error={error} retry={() => void status.refresh()} />}
      {!graph && !error && <Loading rows={6} />}
      {graph?.jobs.length === 0 && <Empty>{t("jobs.none")}</Empty>}
      {graph && graph.jobs.length > 0 && shown?.jobs.length === 0 && <Empty>{t("graph.nothing_shown")}</Empty>}
      {matches?.size === 0 && <Empty>{t("graph.not_found")}</Empty>}
      {graph && shown && shown.jobs.length > 0 && (
        <div className="graph-columns" data-panel={job ? "open" : undefined}>
          {view === "list" ? (
            <GraphList
              graph={shown}
              found={matches}
              now={now}
              selected={selected}
              onSelect={(name) => set("job", name)}
            />
          ) : (
            <GraphView
              graph={shown}
              found={matches}
              now={now}
              selected={selected}
              onSelect={(name) => set("job", name)}
            />
          )}
          {job && (
            <JobPanel
              key={job.job}
              job={job}
              now={now}
              edges={graph.edges}
              onAround={focus.around === job.job ? undefined : () => set("around", job.job)}
              onClose={() => set("job", undefined)}
            />
          )}
        </div>
      )}
      {graph && graph.jobs.length > 0 && view === "graph" && <Legend joins={graph.edges.some(({ join }) => join)} />}
    </>
  );
}

function Legend({ joins }: { joins: boolean }) {
  const { t } = useTranslation();
  return (
    <ul className="graph-legend muted" aria-label={t("graph.legend")}>
      {(["live", "waits", "fired"] as const).map((flow) => (
        <li key={flow}>
          <svg width={34} height={8} aria-hidden className={`flow-${flow}`}>
            <line x1={0} x2={34} y1={4} y2={4} />
          </svg>
          {t(`graph.flow.${flow}`)}
        </li>
      ))}
      {joins && (
        <li>
          <svg width={34} height={8} aria-hidden className="join">
            <line x1={0} x2={34} y1={2.5} y2={2.5} />
            <line x1={0} x2={34} y1={6.5} y2={6.5} />
          </svg>
          {t("joins.legend")}
        </li>
      )}
      <li>{t("graph.keys_hint")}</li>
    </ul>
  );
}
