import type { Edit } from "../../../api/types";
import { type Edge, edgeOf, tableOf } from "../../edges/edge";
import { type Join, plainJoin, writtenJoin } from "../../edges/join";
import { CHAINS, edgesAt, JOINS, joinsAt, type Table, valueAt } from "../toml";
import { listEdit } from "./list-edits";

/** Writes the join of a job. */
export function joinEdit(root: Table, job: string, join: Join): Edit {
  return { op: "set", path: [JOINS, job], value: writtenJoin(join, valueAt(root, [JOINS, job])) };
}

export const noJoinEdit = (job: string): Edit => ({ op: "remove", path: [JOINS, job] });

/** Lets a join wait for one job less; one that would wait for none goes. */
export function leaveEdit(root: Table, job: string, from: string): Edit[] {
  const join = joinsAt(root)[job];
  if (!join) return [];
  const all_of = join.all_of.filter((each) => each !== from);
  return [all_of.length > 0 ? joinEdit(root, job, { ...join, all_of }) : noJoinEdit(job)];
}

/** What a job runs after: each of some jobs, once all of some have ended, or both. */
export interface RunsAfter {
  /** Jobs whose edge to it says no more than that. */
  each: string[];
  /** Those that its join waits for. */
  all: string[];
}

export function runsAfter(root: Table, job: string): RunsAfter {
  const chains = Object.entries(edgesAt(root));
  const each = chains.filter(([, edges]) => edges.some((edge) => isPlain(edge, job))).map(([from]) => from);
  return { each, all: joinsAt(root)[job]?.all_of ?? [] };
}

/** Connects a job to another one: to its join, if it has one. */
export function connectEdit(root: Table, from: string, to: string): Edit {
  const join = joinsAt(root)[to];
  if (!join) return listEdit(CHAINS, from, to, true);
  return joinEdit(root, to, { ...join, all_of: added(join.all_of, [from]) });
}

/** Makes the plain edges to a job part of its join, or of a new one. Edges that say more stay. */
export function toAll(root: Table, job: string): Edit[] {
  const { each, all } = runsAfter(root, job);
  const join = joinsAt(root)[job] ?? plainJoin([]);
  const gone = each.map((from) => {
    const edges = edgesAt(root)[from]?.filter((edge) => edge.job === job) ?? [];
    if (edges.length === 1) return listEdit(CHAINS, from, job, false);
    return listOf(root, from, (item) => !(edgeOf(item) && isPlain(edgeOf(item) as Edge, job)));
  });
  return [...gone, joinEdit(root, job, { ...join, all_of: added(all, each) })];
}

/** Makes each job that a join waits for trigger its job by itself. */
export function toEach(root: Table, job: string): Edit[] {
  const { each, all } = runsAfter(root, job);
  const missing = all.filter((from) => !each.includes(from));
  const edges = missing.map((from): Edit => {
    // Beside an edge that says more, a name in the list would count as there.
    const beside = edgesAt(root)[from]?.some((edge) => edge.job === job);
    if (!beside) return listEdit(CHAINS, from, job, true);
    const list = valueAt(root, [CHAINS, from]);
    return { op: "set", path: [CHAINS, from], value: [...(Array.isArray(list) ? list : []), job] };
  });
  return [noJoinEdit(job), ...edges];
}

const isPlain = (edge: Edge, job: string) => edge.job === job && Object.keys(tableOf(edge)).length === 1;
const added = (names: string[], more: string[]) => [...new Set([...names, ...more])];

function listOf(root: Table, from: string, keep: (item: unknown) => boolean): Edit {
  const list = valueAt(root, [CHAINS, from]);
  return { op: "set", path: [CHAINS, from], value: Array.isArray(list) ? list.filter(keep) : [] };
}
