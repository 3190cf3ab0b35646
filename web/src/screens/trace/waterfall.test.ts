import { describe, expect, it } from "vitest";

import type { Run, RunGroup } from "../../api/types";
import { chainTo, gapOf, waterfallOf } from "./waterfall";

const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();

function run(id: string, queued: number, started: number | null, finished: number | null): Run {
  return {
    id,
    job_type: id,
    state: finished !== null ? "completed" : started !== null ? "running" : "available",
    queued_at: at(queued),
    started_at: started === null ? null : at(started),
    finished_at: finished === null ? null : at(finished),
  } as Run;
}

const NOW = 1_700_000_000_000 + 1000;
const items = [
  { run: run("root", 0, 100, 500), parent: null },
  { run: run("late", 500, 520, 800), parent: "root" },
  { run: run("early", 500, 505, null), parent: "root" },
  { run: run("leaf", 800, null, null), parent: "late" },
];

describe("waterfallOf", () => {
  const { bars, totalMs } = waterfallOf({ items }, NOW);
  const bar = (id: string) => bars.find((bar) => bar.run.id === id)!;

  it("puts each run under its cause", () => {
    expect(bars.map(({ run, depth }) => [run.id, depth])).toEqual([
      ["root", 0],
      ["late", 1],
      ["leaf", 2],
      ["early", 1],
    ]);
  });

  it("measures waiting, running and the gap after the parent", () => {
    expect(bar("root")).toMatchObject({ gapMs: null, waitedMs: 100, tookMs: 400, from: null });
    expect(bar("late")).toMatchObject({ gapMs: 20, waitedMs: 20, tookMs: 280, from: 0.5 });
  });

  it("goes on to now while something runs or waits", () => {
    expect(totalMs).toBe(1000);
    expect(bar("early")).toMatchObject({ gapMs: 5, tookMs: 495 });
    expect(bar("leaf")).toMatchObject({ gapMs: null, waitedMs: 200, tookMs: null, ran: null });
  });

  it("places bars as parts of the whole", () => {
    expect(bar("root").wait).toEqual({ left: 0, width: 0.1 });
    expect(bar("root").ran).toEqual({ left: 0.1, width: 0.4 });
    const { left, width } = bar("early").ran!;
    expect(left + width).toBeCloseTo(1);
  });

  it("shows the shortest run, within the frame", () => {
    const ended = [
      { run: run("root", 0, 0, 100_000), parent: null },
      { run: run("blink", 100_000, 100_000, 100_000), parent: "root" },
    ];
    const blink = waterfallOf({ items: ended }, NOW).bars[1]!.ran!;
    expect(blink.width).toBeGreaterThan(0);
    expect(blink.left + blink.width).toBeLessThanOrEqual(1);
  });

  it("has round ticks from 0 on", () => {
    const { ticks } = waterfallOf({ items }, NOW);
    expect(ticks.map(({ ms }) => ms)).toEqual([0, 200, 400, 600, 800, 1000]);
  });

  it("has ticks that read as whole minutes where it is long", () => {
    const long = waterfallOf({ items: [{ run: run("root", 0, 0, 437_000), parent: null }] }, NOW);
    expect(long.ticks.map(({ ms }) => ms / 60_000)).toEqual([0, 2, 4, 6]);
  });

  it("takes a run that is tried again for one that waits", () => {
    const again = { ...run("again", 0, 100, null), state: "retryable" as const };
    const [bar] = waterfallOf({ items: [{ run: again, parent: null }] }, NOW).bars;
    expect(bar).toMatchObject({ waitedMs: 1000, tookMs: null, ran: null });
  });

  it("shows a run whose parent is gone", () => {
    const { bars } = waterfallOf({ items: [{ run: run("orphan", 0, 1, 2), parent: "gone" }] }, NOW);
    expect(bars).toHaveLength(1);
  });
});

describe("groups", () => {
  const group = {
    parent: "root",
    job_type: "many",
    total: 30,
    queued_at: at(500),
    started_at: at(600),
    finished_at: null,
  };
  const { rows, totalMs, bars } = waterfallOf({ items, groups: [group as RunGroup] }, NOW + 1000);

  it("stand below their parent, behind what it caused one by one", () => {
    const names = rows.map((row) => ("run" in row ? row.run.id : row.group.job_type));
    expect(names).toEqual(["root", "late", "leaf", "early", "many"]);
    expect(rows.at(-1)).toMatchObject({ depth: 1, cause: { id: "root" } });
    expect(bars).toHaveLength(4);
  });

  it("go on to now while a run of theirs is unfinished", () => {
    expect(totalMs).toBe(2000);
    const { wait, ran } = rows.at(-1) as {
      wait: { left: number; width: number };
      ran: { left: number; width: number };
    };
    const shares = [wait.left, wait.width, ran.left, ran.width].map((share) => Number(share.toFixed(3)));
    expect(shares).toEqual([0.25, 0.05, 0.3, 0.7]);
  });

  it("are left out where their parent is not shown", () => {
    const orphan = { ...group, parent: "gone" } as RunGroup;
    expect(waterfallOf({ items, groups: [orphan] }, NOW).rows).toHaveLength(4);
  });
});

it("knows no gap when the parent ran again since", () => {
  expect(gapOf(run("parent", 0, 900, 950), run("child", 500, 510, 600))).toBeNull();
  expect(gapOf(undefined, run("child", 0, 1, 2))).toBeNull();
  expect(gapOf(run("parent", 0, 1, 2), run("child", 2, 2, 3))).toBe(0);
});

it("tells what caused what, from the root on", () => {
  expect(chainTo({ items }, "leaf").map(({ id }) => id)).toEqual(["root", "late", "leaf"]);
  expect(chainTo({ items }, "gone")).toEqual([]);
});
