import { createRequire } from "node:module";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { groups, preloadMain } from "./bundle/first-load.ts";
import { leanQuery } from "./bundle/lean-query.ts";
import { leanRouter } from "./bundle/lean-router.ts";
import { pack } from "./bundle/pack.ts";
import { nameOfTexts, textsInParts } from "./bundle/texts-in-parts.ts";

/** The icons as one file: as modules they are 1,600, which each file of tests would load. */
const icons = createRequire(import.meta.url).resolve("lucide-react");

export default defineConfig({
  plugins: [react(), textsInParts, leanQuery, leanRouter, preloadMain, pack],
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      treeshake: { propertyReadSideEffects: false },
      output: {
        chunkFileNames: nameOfTexts,
        codeSplitting: { groups },
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
