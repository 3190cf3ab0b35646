import { describe, expect, it } from "vitest";

import { chartOf, MOST_SERIES, plotted } from "./chart";

const properties = {
  at: { type: "string", format: "date-time" },
  host: { type: "string" },
  ms: { type: "number", title: "Latency", "x-unit": "ms" },
  errors: { type: ["integer", "null"] },
};
const chart = (hint: unknown) => chartOf({ properties, "x-chart": hint });
const drawn = (hint: unknown, rows: Record<string, unknown>[]) => {
  const found = chart(hint);
  if (!found) throw new Error("no chart");
  return plotted(found, rows);
};

describe("chartOf", () => {
  it("takes a well-formed hint", () => {
    expect(chart({ kind: "line", x: "at", y: ["ms"], series: "host", title: "How fast" })).toMatchObject({
      kind: "line",
      title: "How fast",
      x: { name: "at", kind: "time" },
      y: [{ name: "ms", unit: "ms" }],
      series: { name: "host" },
    });
  });

  it("drops every other", () => {
    const good = { kind: "bar", x: "at", y: ["ms"] };
    expect(chart(good)).toBeDefined();
    for (const bad of [
      undefined,
      "line",
      [],
      { ...good, kind: "pie" },
      { ...good, x: "gone" },
      { ...good, x: 1 },
      { ...good, y: "ms" },
      { ...good, y: [] },
      { ...good, y: ["ms", "gone"] },
      { ...good, y: ["host"] },
      { ...good, series: "gone" },
    ]) {
      expect(chart(bad), JSON.stringify(bad)).toBeUndefined();
    }
  });
});

describe("plotted", () => {
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  const ms = (second: number) => Date.parse(at(second));

  it("orders by x, whatever the order of the rows, and drops rows without one", () => {
    const rows = [
      { at: at(2), ms: 5 },
      { at: null, ms: 9 },
      { at: "soon", ms: 9 },
      { at: at(1), ms: 7 },
    ];
    const { points, series } = drawn({ kind: "line", x: "at", y: ["ms"] }, rows);
    expect(points).toEqual([
      { x: ms(1), 0: 7 },
      { x: ms(2), 0: 5 },
    ]);
    expect(series).toEqual([{ name: "Latency", unit: "ms", values: [7, 5] }]);
  });

  it("makes a series of each value and each y", () => {
    const rows = [
      { at: at(1), host: "a", ms: 1, errors: 0 },
      { at: at(1), host: "b", ms: 2, errors: null },
      { at: at(2), host: "a", ms: 3, errors: 4 },
    ];
    const one = drawn({ kind: "area", x: "at", y: ["ms"], series: "host" }, rows);
    expect(one.series.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(one.points).toEqual([
      { x: ms(1), 0: 1, 1: 2 },
      { x: ms(2), 0: 3 },
    ]);
    const two = drawn({ kind: "area", x: "at", y: ["ms", "errors"], series: "host" }, rows);
    expect(two.series.map(({ name }) => name)).toEqual(["a, Latency", "a, Errors", "b, Latency"]);
  });

  it("keeps two rows of one series at the same x", () => {
    const rows = [
      { at: at(1), ms: 1 },
      { at: at(1), ms: 2 },
    ];
    expect(drawn({ kind: "line", x: "at", y: ["ms"] }, rows).points).toHaveLength(2);
  });

  it("says how many series found no room", () => {
    const rows = Array.from({ length: MOST_SERIES + 2 }, (_, n) => ({ at: at(1), host: `h${n}`, ms: n }));
    const { series, left } = drawn({ kind: "bar", x: "at", y: ["ms"], series: "host" }, rows);
    expect([series.length, left]).toEqual([MOST_SERIES, 2]);
  });

  it("takes words for x as they are", () => {
    const { points } = drawn({ kind: "bar", x: "host", y: ["ms"] }, [
      { host: "b", ms: 1 },
      { host: "a", ms: 2 },
    ]);
    expect(points.map(({ x }) => x)).toEqual(["a", "b"]);
  });
});
