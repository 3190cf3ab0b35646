import { expect, it } from "vitest";

/** What a browser must load before it can draw the first screen, its language included. */
const INITIAL_KB = 160;

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

async function gzipKb(names: Iterable<string>): Promise<number> {
  let bytes = 0;
  for (const name of names) {
    const packed = new Blob([file(name)]).stream().pipeThrough(new CompressionStream("gzip"));
    bytes += (await new Response(packed).arrayBuffer()).byteLength;
  }
  return bytes / 1000;
}

const entry = [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name ?? "");
const tower = Object.keys(built)
  .map((path) => path.replace("../dist/assets/", ""))
  .filter((name) => name.startsWith("control-tower"));

const english = Object.keys(built)
  .map((path) => path.replace("../dist/assets/", ""))
  .filter((name) => /^en-/.test(name));

it("stays within the budget of the first load, the first screen included", async () => {
  expect(entry.length).toBeGreaterThan(0);
  expect(tower).toHaveLength(1);
  expect(english).toHaveLength(1);
  const initial = await gzipKb(withImports([...entry, ...english]));
  const first = await gzipKb(withImports([...entry, ...english, ...tower]));
  console.info(
    `initial JS ${initial.toFixed(1)} kB gzip; with the Control Tower ${first.toFixed(1)} kB; budget ${INITIAL_KB} kB`,
  );
  expect(first).toBeLessThan(INITIAL_KB);
});

it("loads what is big only where it is needed", () => {
  const initial = [...withImports([...entry, ...tower])].map(file).join("\n");
  // What only one screen needs says so by its own words.
  for (const [what, sign] of [
    ["the chart library", "recharts-"],
    ["the graph library", "react-flow__"],
    ["the code editor", "cm-editor"],
    ["the forms", "rjsf-"],
  ]) {
    expect(initial.includes(sign ?? ""), `${what} is loaded at once`).toBe(false);
  }
});
