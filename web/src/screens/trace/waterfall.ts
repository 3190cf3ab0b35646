import type { Cascade, Run, RunGroup } from "../../api/types";

/** A run in the waterfall; lengths in ms, places as parts of the whole width. */
export interface Bar {
  run: Run;
  depth: number;
  /** From its parent's end to its own start; nothing if either is not known or the parent ran again since. */
  gapMs: number | null;
  waitedMs: number;
  /** So far, while it runs; nothing before it starts. */
  tookMs: number | null;
  wait: Span;
  ran: Span | null;
  /** Where its parent ended, if the gap is known. */
  from: number | null;
}

interface Span {
  left: number;
  width: number;
}

/** Many runs of one job that one run caused. */
export interface GroupBar {
  group: RunGroup;
  cause: Run;
  depth: number;
  wait: Span;
  ran: Span | null;
}

/** Where the waterfall begins, how long it is, and what time it is there, ms. */
export interface Scale {
  begin: number;
  totalMs: number;
  now: number;
}

export interface Waterfall {
  /** The single runs. */
  bars: Bar[];
  /** They and the groups, each below its cause. */
  rows: (Bar | GroupBar)[];
  scale: Scale;
  totalMs: number;
  ticks: { at: number; ms: number }[];
}

/** Nothing is narrower than this part of the whole: a run of a millisecond must be seen too. */
const NARROWEST = 0.004;

export function waterfallOf({ items, groups = [] }: Pick<Cascade, "items" | "groups">, now: number): Waterfall {
  const all = [...items.map(({ run }) => run), ...groups];
  const begin = Math.min(...all.map(({ queued_at }) => Date.parse(queued_at)));
  const ends = all.map((one) => endOf(one) ?? Math.max(now, Date.parse(one.started_at ?? one.queued_at)));
  const totalMs = Math.max(1, Math.max(...ends) - begin);
  const scale: Scale = { begin, totalMs, now };
  const byId = new Map(items.map(({ run }) => [run.id, run]));
  const bars = inOrder(items).map(({ run, parent, depth }) =>
    barOf(run, parent ? byId.get(parent) : undefined, depth, scale),
  );
  return { bars, rows: rowsOf(bars, groups, scale), totalMs, ticks: ticksOf(totalMs), scale };
}

/** A run in the waterfall; `cause` is the run that caused it. */
export function barOf(run: Run, cause: Run | undefined, depth: number, scale: Scale): Bar {
  const queued = Date.parse(run.queued_at);
  const started = startOf(run);
  const until = endOf(run) ?? Math.max(scale.now, started ?? queued);
  const gapMs = gapOf(cause, run);
  return {
    run,
    depth,
    gapMs,
    waitedMs: Math.max(0, (started ?? until) - queued),
    tookMs: started === null ? null : Math.max(0, until - started),
    ...spansOf(run, scale),
    from: gapMs === null || !cause?.finished_at ? null : partOf(Date.parse(cause.finished_at), scale),
  };
}

/** Each group stands behind all that its parent caused one by one. */
function rowsOf(bars: Bar[], groups: RunGroup[], scale: Scale): (Bar | GroupBar)[] {
  const rows: (Bar | GroupBar)[] = [...bars];
  for (const group of groups) {
    const at = rows.findIndex((row) => "run" in row && row.run.id === group.parent);
    const parent = rows[at];
    if (!parent || !("run" in parent)) continue;
    let end = at + 1;
    while (end < rows.length && (rows[end]?.depth ?? 0) > parent.depth) end += 1;
    rows.splice(end, 0, { group, cause: parent.run, depth: parent.depth + 1, ...spansOf(group, scale) });
  }
  return rows;
}

type Timed = Pick<Run, "queued_at" | "started_at" | "finished_at"> & { state?: Run["state"] };

/** When what it does now began. One that is tried again waits: when its latest attempt ended is not known here. */
function startOf(one: Timed): number | null {
  return one.started_at && one.state !== "retryable" ? Date.parse(one.started_at) : null;
}

function spansOf(one: Timed, scale: Scale): Pick<Bar, "wait" | "ran"> {
  const queued = Date.parse(one.queued_at);
  const started = startOf(one);
  const until = endOf(one) ?? Math.max(scale.now, started ?? queued);
  return {
    wait: spanOf(queued, started ?? until, scale),
    ran: started === null ? null : spanOf(started, until, scale),
  };
}

const partOf = (time: number, { begin, totalMs }: Scale): number => (time - begin) / totalMs;

function spanOf(from: number, to: number, scale: Scale): Span {
  const [begin, end] = [partOf(from, scale), partOf(to, scale)];
  const left = Math.min(Math.max(begin, 0), 1 - NARROWEST);
  return { left, width: Math.min(Math.max(end - begin, NARROWEST), 1 - left) };
}

/** A child that started before its parent's (latest) end was caused by an earlier attempt of it. */
export function gapOf(parent: Run | undefined, run: Run): number | null {
  if (!parent?.finished_at || !run.started_at) return null;
  const gap = Date.parse(run.started_at) - Date.parse(parent.finished_at);
  return gap < 0 ? null : gap;
}

function endOf(run: Timed): number | null {
  return run.finished_at ? Date.parse(run.finished_at) : null;
}

/** Each run under the run that caused it; of one cause, the earlier first. */
function inOrder(items: Cascade["items"]): { run: Run; parent: string | null; depth: number }[] {
  const known = new Set(items.map(({ run }) => run.id));
  const ordered: { run: Run; parent: string | null; depth: number }[] = [];
  const visited = new Set<string>();
  const visit = (parent: string | null, depth: number) => {
    // One whose parent is not among them is shown all the same.
    const children = items.filter((item) =>
      parent === null ? item.parent === null || !known.has(item.parent) : item.parent === parent,
    );
    children.sort((a, b) => Date.parse(a.run.queued_at) - Date.parse(b.run.queued_at));
    for (const child of children) {
      if (visited.has(child.run.id)) continue;
      visited.add(child.run.id);
      ordered.push({ ...child, depth });
      visit(child.run.id, depth + 1);
    }
  };
  visit(null, 0);
  return ordered;
}

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
/** Steps that read as whole seconds, minutes and so on. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((times) => times * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((times) => times * MINUTE),
  ...[1, 2, 4, 6, 12].map((times) => times * HOUR),
  ...[1, 2, 5, 10].map((times) => times * DAY),
];

/** Round times, three to eight of them. */
function ticksOf(totalMs: number): Waterfall["ticks"] {
  const rough = totalMs / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const decimal = ([1, 2, 5, 10].find((times) => times * unit >= rough) ?? 10) * unit;
  const step = rough < SECOND ? decimal : (STEPS.find((step) => step >= rough) ?? decimal);
  const ticks = [];
  for (let ms = 0; ms <= totalMs; ms += step) ticks.push({ at: ms / totalMs, ms });
  return ticks;
}

/** From the root to the run: what caused what. */
export function chainTo(cascade: Pick<Cascade, "items">, id: string): Run[] {
  const byId = new Map(cascade.items.map((item) => [item.run.id, item]));
  const chain: Run[] = [];
  for (let item = byId.get(id); item; item = item.parent ? byId.get(item.parent) : undefined) {
    if (chain.includes(item.run)) break;
    chain.unshift(item.run);
  }
  return chain;
}
