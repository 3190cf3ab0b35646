import { Graph, layout } from "@dagrejs/dagre";

export const NODE_WIDTH = 276;
export const NODE_HEIGHT = 132;
const BETWEEN_LAYERS = 72;
const BETWEEN_NODES = 26;
const COLUMN = NODE_WIDTH + BETWEEN_LAYERS;
const ROW = NODE_HEIGHT + BETWEEN_NODES;
/** How wide a graph of many jobs is for its height: about as a window is, so that it is not small when all of it fits. */
const SHAPE = 1.6;
/** Room for the label of a connection. */
const LABEL = { width: 150, height: 18, labelpos: "c" };

export interface Place {
  x: number;
  y: number;
  /** 0 for a job that nothing triggers. */
  layer: number;
}

export interface Connection {
  from: string;
  to: string;
  /** Whether something is written on it. */
  labelled?: boolean;
}

/**
 * Where each job stands: layers from left to right, the same for the same jobs and connections in whatever
 * order they come. Jobs that are in no cascade stand in rows beneath.
 */
export function placeJobs(jobs: string[], connections: Connection[]): Map<string, Place> {
  const connected = new Set(connections.flatMap(({ from, to }) => [from, to]));
  const places = placeConnected([...connected].sort(), connections);
  const layers = Math.max(0, ...[...places.values()].map(({ layer }) => layer + 1));
  const bottom = Math.max(0, ...[...places.values()].map(({ y }) => y + NODE_HEIGHT + BETWEEN_NODES * 2));
  const alone = jobs.filter((job) => !connected.has(job)).sort();
  let columns = Math.max(layers, 4);
  while ((columns * COLUMN) / (bottom + Math.ceil(alone.length / columns) * ROW) < SHAPE && columns < alone.length) {
    columns += 1;
  }
  for (const [at, job] of alone.entries()) {
    places.set(job, {
      x: (at % columns) * COLUMN,
      y: bottom + Math.floor(at / columns) * ROW,
      layer: 0,
    });
  }
  return places;
}

function placeConnected(jobs: string[], connections: Connection[]): Map<string, Place> {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: BETWEEN_NODES, ranksep: BETWEEN_LAYERS });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const job of jobs) graph.setNode(job, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to, labelled } of [...connections].sort((a, b) =>
    `${a.from}>${a.to}` < `${b.from}>${b.to}` ? -1 : 1,
  )) {
    graph.setEdge(from, to, labelled ? { ...LABEL } : {});
  }
  if (jobs.length > 0) layout(graph);
  const middles = new Map(jobs.map((job) => [job, graph.node(job) as { x: number; y: number }]));
  const columns = [...new Set([...middles.values()].map(({ x }) => Math.round(x)))].sort((a, b) => a - b);
  const places = new Map<string, Place>();
  for (const [job, { x, y }] of middles) {
    places.set(job, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2, layer: columns.indexOf(Math.round(x)) });
  }
  return places;
}

export type Direction = "left" | "right" | "up" | "down";

/** The job that an arrow key leads to: along a connection sideways, else the nearest in that direction. */
export function neighbour(
  from: string,
  direction: Direction,
  places: Map<string, Place>,
  connections: Connection[],
): string | undefined {
  const here = places.get(from);
  if (!here) return undefined;
  const connected =
    direction === "right"
      ? connections.filter((connection) => connection.from === from).map(({ to }) => to)
      : direction === "left"
        ? connections.filter((connection) => connection.to === from).map((connection) => connection.from)
        : [];
  const sideways = direction === "left" || direction === "right";
  const sign = direction === "right" || direction === "down" ? 1 : -1;
  const candidates = connected.length > 0 ? connected : [...places.keys()].filter((job) => job !== from);
  const reached = candidates.flatMap((job) => {
    const there = places.get(job);
    if (!there) return [];
    const [ahead, aside] = sideways ? [there.x - here.x, there.y - here.y] : [there.y - here.y, there.x - here.x];
    // Up and down keep to what is nearly above or below.
    if (ahead * sign <= 0) return [];
    return [{ job, distance: Math.abs(ahead) + Math.abs(aside) * 3 }];
  });
  return reached.sort((a, b) => a.distance - b.distance || (a.job < b.job ? -1 : 1))[0]?.job;
}
