import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

/** What scripts a browser must load, packed, before a screen has its first row, its language included. */
const BUDGET_KB = { "control-tower": 94, jobs: 95, "graph-screen": 97, "runs-screen": 98, problems: 91 };

const built = import.meta.glob("../dist/assets/*.js", { query: "?raw", import: "default", eager: true }) as Record<
  string,
  string
>;
const page =
  Object.values(
    import.meta.glob("../dist/index.html", { query: "?raw", import: "default", eager: true }) as Record<string, string>,
  )[0] ?? "";

const file = (name: string) => built[`../dist/assets/${name}`] ?? "";

/** These files and all that they import before they run. */
function withImports(names: string[]): Set<string> {
  const all = new Set<string>();
  const add = (name: string) => {
    if (all.has(name)) return;
    all.add(name);
    for (const [, next] of file(name).matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) if (next) add(next);
  };
  names.forEach(add);
  return all;
}

/** As they are sent: packed, but for what is too small for that. */
function packedKb(names: Iterable<string>): number {
  let bytes = 0;
  for (const name of names) {
    const path = fileURLToPath(new URL(`../dist/assets/${name}`, import.meta.url));
    bytes += statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
  }
  return bytes / 1000;
}

const entry = [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name ?? "");

/** The one file that begins with this name; its hash has eight characters. */
function only(name: string): string {
  const found = Object.keys(built)
    .map((path) => path.replace("../dist/assets/", ""))
    .filter((file) => file.startsWith(`${name}-`) && file.length === name.length + "-12345678.js".length);
  expect(found, name).toHaveLength(1);
  return found[0] ?? "";
}

it.each(Object.entries(BUDGET_KB))("stays within the budget of the first load of %s", (screen, budget) => {
  expect(entry.length).toBeGreaterThan(0);
  const all = packedKb(withImports([...entry, only(`en-${screen}`), only(screen)]));
  console.info(`${screen}: ${all.toFixed(1)} kB of scripts, packed; budget ${budget} kB`);
  expect(all).toBeLessThan(budget);
});

it("loads what is big only where it is needed", () => {
  const initial = [...withImports([...entry, ...Object.keys(BUDGET_KB).map(only)])].map(file).join("\n");
  // What only one screen needs says so by its own words.
  for (const [what, sign] of [
    ["the chart library", "recharts-"],
    ["the graph library", "react-flow__"],
    ["the code editor", "cm-editor"],
    ["the forms", "rjsf-"],
    ["what follows the scrolling", "scrollPaddingStart"],
    ["the layout of the graph", "ranksep"],
    ["what reads the event stream", "Last-Event-ID"],
  ]) {
    expect(initial.includes(sign ?? ""), `${what} is loaded at once`).toBe(false);
  }
});
