import {
  Background,
  ControlButton,
  Controls,
  type Edge,
  type EdgeChange,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  type Viewport,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { Maximize } from "lucide-react";
import {
  type KeyboardEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "#i18n";

import { isConditional, summariesOf } from "../edges/edge";
import { joinSaid } from "../edges/join";
import "./graph.css";
import { hasFailed } from "./graph-focus";
import {
  type Connection,
  type Direction,
  NODE_HEIGHT,
  NODE_WIDTH,
  neighbour,
  type Place,
  placeJobs,
} from "./graph-layout";
import type { CascadeGraph } from "./graph-model";
import { JobNode, type JobNodeType } from "./job-node";
import { JoinEdge } from "./join-edge";

export interface GraphViewProps {
  graph: CascadeGraph;
  /** The host's clock. */
  now: string;
  selected?: string;
  /** What is looked for: the rest steps back. */
  found?: Set<string>;
  onSelect: (job: string | undefined) => void;
  /** If given, a connection can be drawn from one job to another. */
  onConnect?: (from: string, to: string) => void;
  /** Whether such a connection may be; everything may if it is not given. */
  canConnect?: (from: string, to: string) => boolean;
  /** If given, a connection can be selected and removed with Delete. */
  onDisconnect?: (from: string, to: string, joined: boolean) => void;
}

const NODE_TYPES = { job: JobNode };
const EDGE_TYPES = { join: JoinEdge };
const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
/** From further away only names and colors can be read. */
const FAR_ZOOM = 0.5;
/** Steps in which names grow as one zooms out: each makes the browser lay out all of them. */
const ZOOM_STEP = 0.02;
/** With fewer jobs all of them are in view. */
const MINIMAP_FROM = 12;
const colorOf = ({ data }: JobNodeType) =>
  hasFailed(data.job) ? "var(--bad)" : data.job.now[0]?.state === "running" ? "var(--brand)" : "var(--line)";
/** From further away names cannot be read. */
const READABLE_ZOOM = 0.3;
/** The zoom buttons stand at the left. */
const ROOM = { top: 24, right: 28, bottom: 24, left: 64 };
const FIT = {
  padding: { top: "24px", right: "28px", bottom: "24px", left: "64px" },
  minZoom: READABLE_ZOOM,
  maxZoom: 1,
} as const;

/** The corners of what the jobs take. */
function extentOf(places: Map<string, Place>) {
  const all = [...places.values()];
  const [left, top] = [Math.min(...all.map(({ x }) => x)), Math.min(...all.map(({ y }) => y))];
  const right = Math.max(...all.map(({ x }) => x)) + NODE_WIDTH;
  const bottom = Math.max(...all.map(({ y }) => y)) + NODE_HEIGHT;
  return { left, top, right, bottom };
}

/** All jobs in view, or the first of so many that their names could not be read. */
function viewOf(places: Map<string, Place>, frame: HTMLElement): Viewport {
  const { left, top, right, bottom } = extentOf(places);
  const wide = frame.clientWidth - ROOM.left - ROOM.right;
  const high = frame.clientHeight - ROOM.top - ROOM.bottom;
  const zoom = Math.min(1, Math.max(READABLE_ZOOM, Math.min(wide / (right - left), high / (bottom - top))));
  const middle = (room: number, size: number) => Math.max(0, (room - size * zoom) / 2);
  return {
    x: ROOM.left + middle(wide, right - left) - left * zoom,
    y: ROOM.top + middle(high, bottom - top) - top * zoom,
    zoom,
  };
}

/** The cascades as a graph. Knows nothing of where the data come from or what an edit does. */
export default function GraphView(props: GraphViewProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ graph, now, selected, found, onSelect, onConnect, canConnect, onDisconnect }: GraphViewProps) {
  const { t } = useTranslation();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const [chosenEdge, setChosenEdge] = useState<string>();

  // Data change with every poll, places only with the connections.
  const summaries = new Map(graph.edges.map(({ id, edges }) => [id, summariesOf(edges, t)]));
  const connections = graph.edges.map(({ id, from, to }) => ({ from, to, labelled: summaries.get(id) !== undefined }));
  const shape = JSON.stringify([graph.jobs.map(({ job }) => job), connections] satisfies Shape);
  const arranged = useArranged(shape, onConnect !== undefined);
  const places = useMemo(() => {
    const [jobs, connections] = JSON.parse(arranged.shape) as Shape;
    return placeJobs(jobs, connections);
  }, [arranged.shape]);
  // What is found is brought into view.
  const wanted = found && JSON.stringify([...found]);
  useEffect(() => {
    const nodes = wanted ? (JSON.parse(wanted) as string[]).map((id) => ({ id })) : [];
    if (nodes.length > 0) void flow.fitView({ ...FIT, nodes });
  }, [flow, wanted]);
  const fitAll = useCallback(() => {
    if (frame.current && places.size > 0) void flow.setViewport(viewOf(places, frame.current));
  }, [flow, places]);

  // The frame changes when something opens beside it; who has moved the graph wants to see what they see.
  const moved = useRef(false);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (!moved.current) fitAll();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [fitAll]);
  // Other places are another graph. Until the search says what to look at, that is all of it.
  useEffect(fitAll, [fitAll]);
  const zoomed = () => {
    moved.current = true;
  };
  const fit = () => {
    moved.current = false;
    arranged.again();
    fitAll();
  };

  const extent = useMemo(() => extentOf(places), [places]);
  // What the small map would cover then is worth more than it.
  const allSeen = useStore(
    ({ transform: [x, y, zoom], width, height }) =>
      extent.left * zoom + x >= 0 &&
      extent.top * zoom + y >= 0 &&
      extent.right * zoom + x <= width &&
      extent.bottom * zoom + y <= height,
  );
  const far = useStore(({ transform: [, , zoom] }) => zoom < FAR_ZOOM);
  const editable = onConnect !== undefined;
  const nodes: JobNodeType[] = graph.jobs.map((job) => {
    const { x = 0, y = 0 } = places.get(job.job) ?? {};
    return {
      id: job.job,
      type: "job",
      position: { x, y },
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
      measured: { width: NODE_WIDTH, height: NODE_HEIGHT },
      data: { job, now, editable },
      selected: job.job === selected,
      className: found && !found.has(job.job) ? "stepped-back" : undefined,
      // What it shows is also its name.
      ariaRole: "button",
      deletable: false,
      domAttributes: { "aria-roledescription": undefined },
    };
  });
  const edges: Edge[] = graph.edges.map(({ id, from, to, flow, edges, join }) => {
    const condition = join ? joinSaid(join, t) : summaries.get(id);
    const conditional = edges.length > 0 && edges.every(isConditional);
    return {
      id,
      ...(join && { type: "join" }),
      source: from,
      target: to,
      animated: flow === "live",
      className: `flow-${flow}${conditional ? " conditional" : ""}`,
      selected: id === chosenEdge,
      ...(condition && !join && { label: short(condition) }),
      ariaLabel: condition ? t("graph.edge_if", { from, to, condition }) : t("graph.edge", { from, to }),
      domAttributes: { "data-flow": flow, "data-join": join ? true : undefined } as object,
    };
  });

  const onNodesChange = (changes: NodeChange<JobNodeType>[]) => {
    for (const change of changes) {
      if (change.type !== "select") continue;
      if (change.selected) onSelect(change.id);
      else if (change.id === selected && !changes.some((other) => other.type === "select" && other.selected)) {
        onSelect(undefined);
      }
    }
  };
  const onEdgesChange = (changes: EdgeChange[]) => {
    for (const change of changes) {
      if (change.type === "select") setChosenEdge(change.selected ? change.id : undefined);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    const from = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    if (direction && from) {
      event.preventDefault();
      const to = neighbour(from, direction, places, graph.edges);
      const node = to && frame.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(to)}"]`);
      if (node) node.focus();
    } else if (event.key === "+" || event.key === "=") void flow.zoomIn();
    else if (event.key === "-") void flow.zoomOut();
    else if (event.key === "0") fit();
  };

  return (
    <div
      className="graph-canvas"
      ref={frame}
      onKeyDownCapture={onKeyDown}
      data-far={far || undefined}
      data-testid="graph"
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onMoveStart={(event) => {
          if (event) moved.current = true;
        }}
        onPaneClick={() => onSelect(undefined)}
        onConnect={({ source, target }) => onConnect?.(source, target)}
        isValidConnection={({ source, target }) => source !== target && (canConnect?.(source, target) ?? true)}
        onEdgesDelete={(gone) => {
          for (const { source, target, type } of gone) onDisconnect?.(source, target, type === "join");
        }}
        nodesDraggable={false}
        nodesConnectable={editable}
        edgesFocusable={onDisconnect !== undefined}
        deleteKeyCode={onDisconnect ? ["Delete", "Backspace"] : null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        zoomOnScroll={false}
        preventScrolling={false}
        minZoom={0.15}
        maxZoom={1.6}
        onInit={fitAll}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("graph.help_node"),
          "edge.a11yDescription.default": t("graph.help_edge"),
          "controls.ariaLabel": t("graph.controls"),
          "controls.zoomIn.ariaLabel": t("graph.zoom_in"),
          "controls.zoomOut.ariaLabel": t("graph.zoom_out"),
        }}
      >
        <Background gap={24} />
        <ZoomOf frame={frame} />
        {graph.jobs.length > MINIMAP_FROM && !allSeen && (
          <MiniMap pannable zoomable ariaLabel={t("graph.minimap")} nodeColor={colorOf} nodeStrokeWidth={0} />
        )}
        <Controls showInteractive={false} showFitView={false} onZoomIn={zoomed} onZoomOut={zoomed}>
          <ControlButton onClick={fit} aria-label={t("graph.fit")} title={t("graph.fit")}>
            <Maximize aria-hidden />
          </ControlButton>
        </Controls>
      </ReactFlow>
    </div>
  );
}

/** Tells the styles how far away the jobs are. Drawn by itself: the graph need not be drawn again for it. */
function ZoomOf({ frame }: { frame: RefObject<HTMLDivElement | null> }) {
  const zoom = useStore(({ transform: [, , zoom] }) => Math.min(FAR_ZOOM, Math.ceil(zoom / ZOOM_STEP) * ZOOM_STEP));
  useLayoutEffect(() => frame.current?.style.setProperty("--zoom", String(zoom)), [frame, zoom]);
  return null;
}

/** A label between two jobs has room for so much. */
const LABEL = 28;
const short = (text: string) => (text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text);

type Shape = [jobs: string[], connections: Connection[]];

/**
 * The shape by which the jobs are placed. While connections are drawn, jobs stay where they are: what lies
 * under the pointer must not move. Fitting the view, another list of jobs or a new label, which needs room, places
 * them again.
 */
function useArranged(shape: string, editable: boolean): { shape: string; again: () => void } {
  const [kept, setKept] = useState(shape);
  const jobsOf = (of: string) => JSON.stringify((JSON.parse(of) as Shape)[0]);
  const labelsOf = (of: string) =>
    (JSON.parse(of) as Shape)[1].flatMap(({ from, to, labelled }) => (labelled ? [`${from}>${to}`] : []));
  const hasRoom = () => {
    const known = labelsOf(kept);
    return labelsOf(shape).every((id) => known.includes(id));
  };
  const stays = editable && kept !== shape && jobsOf(kept) === jobsOf(shape) && hasRoom();
  if (!stays && kept !== shape) setKept(shape);
  return { shape: stays ? kept : shape, again: () => setKept(shape) };
}
