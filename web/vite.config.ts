import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { type Part, partOf, type Texts } from "./src/i18n/parts.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The icons as one file: as modules they are 1,600, which each file of tests would load. */
const icons = createRequire(import.meta.url).resolve("lucide-react");
/** Its package names the build for developers alone. */
const router = here("node_modules/react-router/dist/production/index.mjs");

interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/** The screens that are looked at first: what they share is one file. */
const FIRST_SCREENS = [
  "control-tower/control-tower",
  "jobs/jobs",
  "graph/graph-screen",
  "runs/runs-screen",
  "problems/problems",
];
const SHARED_BY = 2;
const OWN = /\/web\/src\/|lucide-react/;

/** The package's list of icons, as modules. */
const LIST_OF_ICONS = /lucide-react\/dist\/esm\/lucide-react\.m?js$/;

/** What the list of a package names, and only some screens use. */
const OF_SOME_SCREENS = /query.*\/(infiniteQueryObserver|queriesObserver|useInfiniteQuery|useQueries)\.js$/;

/** What a module runs before it does: all that it imports, but for what `without` names. */
function closureOf(from: string, modules: Modules, without: Set<string>, all = new Set<string>()): Set<string> {
  if (all.has(from) || without.has(from) || OF_SOME_SCREENS.test(from)) return all;
  all.add(from);
  // The list of all icons: each icon goes where it is drawn.
  if (LIST_OF_ICONS.test(from)) return all;
  for (const next of modules.getModuleInfo(from)?.importedIds ?? []) closureOf(next, modules, without, all);
  return all;
}

/** What runs before main.tsx does, each of it loaded at the same time: see boot.ts. */
const main = new Set<string>();
/** How many of the first screens each further module is needed for. */
const screens = new Map<string, number>();

function readClosures(modules: Modules): void {
  if (main.size > 0) return;
  const boot = closureOf(here("src/boot.ts"), modules, new Set());
  closureOf(here("src/main.tsx"), modules, boot, main);
  const before = new Set([...boot, ...main]);
  for (const screen of FIRST_SCREENS) {
    for (const id of closureOf(here(`src/screens/${screen}.tsx`), modules, before))
      screens.set(id, (screens.get(id) ?? 0) + 1);
  }
}

const BOOT = /\/src\/(boot|places|i18n\/language)\.ts$|preload-helper|rolldown.runtime/;

/** The parts of the first load, in the order in which they take what they need. */
const PARTS: [string, (id: string) => boolean][] = [
  // Styles come with the page, and not once boot.ts has run.
  ["boot", (id) => BOOT.test(id) || (main.has(id) && id.endsWith(".css"))],
  ["main", (id) => main.has(id)],
  ["common", (id) => OWN.test(id) && (screens.get(id) ?? 0) >= SHARED_BY],
];

/** Main is asked for by the page itself, and not only once boot.ts runs. */
const preloadMain = {
  name: "preload-main",
  transformIndexHtml: {
    order: "post" as const,
    handler: (_: string, { bundle }: { bundle?: Record<string, { name?: string }> }) =>
      Object.entries(bundle ?? {})
        .filter(([, { name }]) => name === "main")
        .map(([file]) => ({
          tag: "link",
          attrs: { rel: file.endsWith(".css") ? "stylesheet" : "modulepreload", crossorigin: true, href: `/${file}` },
          injectTo: "head" as const,
        })),
  },
};

/**
 * React-router's production build, which its package does not name; with marks that components which nothing draws can be
 * left out: names for developers' tools keep them, and calls that the bundler cannot know to be without effect.
 */
const leanRouter = {
  name: "lean-router",
  apply: "build" as const,
  transform: {
    filter: { id: /react-router\/dist\/production\// },
    handler: (code: string) =>
      code
        .replace(/^\w+\.displayName = .*$/gm, "")
        .replace(/= (React\d*\.(?:forwardRef|memo|createContext)\()/g, "= /* @__PURE__ */ $1"),
  },
};

/** Below this, a packed file saves less than is worth a second file. */
const LEAST_PACKED_BYTES = 1000;

/** Puts a copy packed with Brotli beside each file, which the host sends to who reads it. */
const pack = {
  name: "pack",
  apply: "build" as const,
  writeBundle({ dir }: { dir?: string }, bundle: Record<string, unknown>) {
    for (const name of Object.keys(bundle)) {
      const file = join(dir ?? ".", name);
      const bytes = readFileSync(file);
      if (bytes.length < LEAST_PACKED_BYTES) continue;
      const params = {
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    }
  },
};

/** Either part of the texts of a language. */
const TEXTS = /\/i18n\/(\w+)\.json\?(first|rest)$/;
const textsInParts = {
  name: "texts-in-parts",
  load: {
    filter: { id: TEXTS },
    handler(this: { addWatchFile(file: string): void }, id: string) {
      const [file = "", part] = id.split("?");
      this.addWatchFile(file);
      const texts = partOf(JSON.parse(readFileSync(file, "utf8")) as Texts, part as Part);
      return `export default ${JSON.stringify(texts)}`;
    },
  },
};

export default defineConfig({
  plugins: [react(), textsInParts, leanRouter, preloadMain, pack],
  resolve: { alias: [{ find: /^react-router$/, replacement: router }] },
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      treeshake: { propertyReadSideEffects: false },
      output: {
        codeSplitting: {
          groups: [
            { name: (id: string) => TEXTS.exec(id)?.slice(1).join("-") ?? null, debugName: "texts", priority: 9 },
            ...PARTS.map(([part, has], at) => ({
              name: (id: string, modules: Modules) => {
                readClosures(modules);
                return has(id) ? part : null;
              },
              debugName: part,
              priority: PARTS.length - at,
            })),
            {
              name: (id: string) => (OWN.test(id) && !screens.has(id) ? "shared" : null),
              debugName: "shared",
              minShareCount: 5,
            },
          ],
        },
      },
    },
  },
  // The host takes unsafe requests only of its own origin: its name must be the browser's.
  server: { proxy: { "/api": { target: "http://127.0.0.1:7878", changeOrigin: false } } },
  test: {
    testTimeout: 30_000,
    alias: { "lucide-react": icons },
    // A document takes longer to make than most tests take: what draws nothing has none, or asks for one in its first
    // line.
    projects: [
      {
        extends: true,
        test: {
          name: "logic",
          include: ["src/**/*.test.ts"],
          environment: "node",
          setupFiles: ["src/test-setup/complaints.ts", "src/test-setup/texts.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "screens",
          include: ["src/**/*.test.tsx"],
          environment: "happy-dom",
          setupFiles: ["src/test-setup/complaints.ts", "src/test-setup/patience.ts", "src/test-setup/texts.ts"],
        },
      },
    ],
  },
});
