import type { Cascade, Run } from "../../api/types";

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

export interface Waterfall {
  bars: Bar[];
  totalMs: number;
  ticks: { at: number; ms: number }[];
}

/** Nothing is narrower than this part of the whole: a run of a millisecond must be seen too. */
const NARROWEST = 0.004;

export function waterfallOf({ items }: Pick<Cascade, "items">, now: number): Waterfall {
  const begin = Math.min(...items.map(({ run }) => Date.parse(run.queued_at)));
  const ends = items.map(({ run }) => endOf(run) ?? Math.max(now, Date.parse(run.started_at ?? run.queued_at)));
  const totalMs = Math.max(1, Math.max(...ends) - begin);
  const at = (time: number) => (time - begin) / totalMs;
  const span = (from: number, to: number): Span => {
    const left = Math.min(Math.max(at(from), 0), 1 - NARROWEST);
    return { left, width: Math.min(Math.max(at(to) - at(from), NARROWEST), 1 - left) };
  };
  const byId = new Map(items.map(({ run }) => [run.id, run]));

  const bars = inOrder(items).map(({ run, parent, depth }): Bar => {
    const queued = Date.parse(run.queued_at);
    const started = run.started_at ? Date.parse(run.started_at) : null;
    const ended = endOf(run);
    const until = ended ?? Math.max(now, started ?? queued);
    const cause = parent ? byId.get(parent) : undefined;
    const gapMs = gapOf(cause, run);
    return {
      run,
      depth,
      gapMs,
      waitedMs: Math.max(0, (started ?? until) - queued),
      tookMs: started === null ? null : Math.max(0, until - started),
      wait: span(queued, started ?? until),
      ran: started === null ? null : span(started, until),
      from: gapMs === null || !cause?.finished_at ? null : at(Date.parse(cause.finished_at)),
    };
  });
  return { bars, totalMs, ticks: ticksOf(totalMs) };
}

/** A child that started before its parent's (latest) end was caused by an earlier attempt of it. */
export function gapOf(parent: Run | undefined, run: Run): number | null {
  if (!parent?.finished_at || !run.started_at) return null;
  const gap = Date.parse(run.started_at) - Date.parse(parent.finished_at);
  return gap < 0 ? null : gap;
}

function endOf(run: Run): number | null {
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

/** Round times, four to eight of them. */
function ticksOf(totalMs: number): Waterfall["ticks"] {
  const rough = totalMs / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((times) => times * unit >= rough) ?? 10) * unit;
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
