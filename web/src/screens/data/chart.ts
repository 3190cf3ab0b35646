import { isObject, type JsonSchema, text } from "../../schema/json-schema";
import { type Column, columnsOf } from "./columns";
import type { Row } from "./view-data";

const KINDS = ["line", "area", "bar"] as const;
/** As many as there are colours. */
export const MOST_SERIES = 6;

/** A chart as the row schema's `x-chart` wishes it. */
export interface Chart {
  kind: (typeof KINDS)[number];
  title?: string;
  x: Column;
  y: Column[];
  series?: Column;
}

export interface Series {
  name: string;
  unit?: string;
  values: number[];
}

export interface Plotted {
  series: Series[];
  /** One for each x: the x, and by the number of a series its value. */
  points: Record<string, number | string>[];
  /** Series that are not shown. */
  left: number;
}

/** The hint, or nothing if it is not well-formed: a wrong hint costs the chart, not the page. */
export function chartOf(rowSchema: JsonSchema): Chart | undefined {
  const hint = rowSchema["x-chart"];
  if (!isObject(hint)) return undefined;
  const columns = new Map(columnsOf(rowSchema).map((column) => [column.name, column]));
  const column = (name: unknown) => (typeof name === "string" ? columns.get(name) : undefined);
  const kind = KINDS.find((kind) => kind === hint.kind);
  const x = column(hint.x);
  const y = Array.isArray(hint.y) ? hint.y.map(column) : [];
  const series = column(hint.series);
  if (!kind || !x || y.length === 0 || y.some((each) => each?.kind !== "number")) return undefined;
  if (hint.series !== undefined && hint.series !== null && !series) return undefined;
  return { kind, title: text(hint.title), x, y: y as Column[], series };
}

/** What recharts draws, oldest x first. */
export function plotted(chart: Chart, rows: Row[]): Plotted {
  const given = rows
    .map((row) => ({ row, x: xOf(chart, row) }))
    .filter((each): each is { row: Row; x: number | string } => each.x !== undefined);
  given.sort((a, b) => (typeof a.x === "number" && typeof b.x === "number" ? a.x - b.x : compared(a.x, b.x)));

  const all = new Map<string, Series>();
  for (const { row } of given) {
    for (const y of chart.y) {
      const name = seriesName(chart, row, y);
      const known = all.get(name) ?? { name, unit: y.unit, values: [] };
      all.set(name, known);
      const value = row[y.name];
      if (typeof value === "number") known.values.push(value);
    }
  }
  const filled = [...all.values()].filter(({ values }) => values.length > 0);
  const series = filled.slice(0, MOST_SERIES);
  const places = new Map(series.map(({ name }, at) => [name, String(at)]));

  const points: Plotted["points"] = [];
  const open = new Map<number | string, Record<string, number | string>>();
  for (const { row, x } of given) {
    for (const y of chart.y) {
      const place = places.get(seriesName(chart, row, y));
      const value = row[y.name];
      if (place === undefined || typeof value !== "number") continue;
      let point = open.get(x);
      // Two rows of one series with the same x are two points.
      if (!point || place in point) {
        point = { x };
        open.set(x, point);
        points.push(point);
      }
      point[place] = value;
    }
  }
  return { series, points, left: filled.length - series.length };
}

function xOf({ x }: Chart, row: Row): number | string | undefined {
  const value = row[x.name];
  if (value === null || value === undefined) return undefined;
  if (x.kind === "time") {
    const at = Date.parse(String(value));
    return Number.isNaN(at) ? undefined : at;
  }
  return typeof value === "number" ? value : String(value);
}

function seriesName({ series, y: all }: Chart, row: Row, y: Column): string {
  if (!series) return y.title;
  const value = row[series.name];
  const name = value === null || value === undefined ? "–" : String(value);
  return all.length > 1 ? `${name}, ${y.title}` : name;
}

function compared(a: number | string, b: number | string): number {
  return String(a).localeCompare(String(b), "en");
}
