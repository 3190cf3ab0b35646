import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The icons as one file: as modules they are 1,600, which each file of tests would load. */
const icons = createRequire(import.meta.url).resolve("lucide-react");

interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/** The package's list of icons, as modules. */
const LIST_OF_ICONS = /lucide-react\/dist\/esm\/lucide-react\.m?js$/;

/** What runs before main.tsx does, each of it loaded at the same time: see boot.ts. */
const main = new Set<string>();
function inMain(id: string, modules: Modules): boolean {
  if (main.size === 0) {
    const closure = (from: string, all: Set<string>, without?: Set<string>) => {
      if (all.has(from) || without?.has(from)) return all;
      all.add(from);
      // The list of all icons: each icon goes where it is drawn.
      if (LIST_OF_ICONS.test(from)) return all;
      for (const next of modules.getModuleInfo(from)?.importedIds ?? []) closure(next, all, without);
      return all;
    };
    const boot = closure(here("src/boot.ts"), new Set());
    closure(here("src/main.tsx"), main, boot);
  }
  return main.has(id);
}

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

export default defineConfig({
  plugins: [react(), preloadMain, pack],
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "boot",
              test: /\/src\/(boot|places|i18n\/language)\.ts$|preload-helper|rolldown.runtime/,
              priority: 3,
            },
            { name: (id, modules) => (inMain(id, modules) ? "main" : null), debugName: "main", priority: 2 },
            { name: "common", test: /\/web\/src\/|lucide-react/, minShareCount: 5, priority: 1 },
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
