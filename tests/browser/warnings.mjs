// Every screen in React's development build, which reports faults that the built page keeps to itself:
// two siblings with one key, state set while rendering, effects that are not undone. None may be reported.
//
// CASCADE_URL: a host on the bundled sample, settled. ARTEFACTS. Prints each screen that was looked at.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { web, withPage } from "./page.mjs";

process.env.NODE_ENV = "development";
const { build, preview } = await import(createRequire(new URL("package.json", web)).resolve("vite"));
const { CASCADE_URL: host } = process.env;
const root = fileURLToPath(web);
const outDir = mkdtempSync(join(tmpdir(), "cascade-development-"));
await build({ root, mode: "development", logLevel: "warn", build: { outDir, minify: false, emptyOutDir: true } });
const server = await preview({
  root,
  logLevel: "warn",
  build: { outDir },
  preview: { host: "127.0.0.1", port: 0, proxy: { "/api": { target: host, changeOrigin: false } } },
});
const url = `http://127.0.0.1:${server.httpServer.address().port}`;
const get = async (path) => (await (await fetch(`${host}/api${path}`)).json()).items;
const jobs = (await get("/jobs/types")).map(({ name }) => name);
const [run] = await get("/jobs/runs?state=completed&job_type=health_scoring");
const paths = [
  "/", "/graph", "/jobs", `/jobs/${jobs[0]}`, "/runs", `/runs/${run.id}`, "/problems", "/data/recommendations", "/audit", "/people",
  ...["cascades", "data", "jobs", "file", "history"].map((tab) => `/config/${tab}`),
];
export default (browser) =>
  withPage(browser, async (page) => {
    for (const path of paths) {
      await page.goto(url + path);
      await page.locator("main h1").first().waitFor();
      await page.waitForFunction(() => !document.querySelector("main .skeleton, main [aria-busy=true]"));
      console.log(path);
    }
    // One screen for several subjects, one after the other.
    await page.goto(`${url}/config/jobs`);
    for (const job of jobs) {
      await page.getByRole("navigation", { name: "Jobs" }).getByRole("button", { name: job, exact: true }).click();
      await page.locator(`[data-testid=job-settings][data-job=${job}]`).waitFor();
    }
    console.log("all jobs");
  }).finally(async () => {
    await server.close();
    rmSync(outDir, { recursive: true });
  });
