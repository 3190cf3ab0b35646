// Pictures of every screen in both themes, languages and at both widths, to be looked at: a host with much on it, such as
// that of on-call-host.mjs, shows what breaks at size. Says which screens are wider than the window, or have a header
// of more than 60 px on a phone. Changes nothing.
//
//   CASCADE_URL=http://127.0.0.1:7878 OUT=/tmp/pictures node tests/browser/look.mjs [NAME...]
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { launch } from "./page.mjs";

const { CASCADE_URL: url, OUT: out, WIDTHS = "390,1440", LANGUAGES = "en,ru", THEMES = "light,dark" } = process.env;
const named = process.argv.slice(2);
const get = async (path) => (await fetch(`${url}/api${path}`)).json();
const firstRun = async (query) => (await get(`/jobs/runs?per_page=1&${query}`)).items[0];

const failed = await firstRun("state=failed");
const waiting = (await firstRun("state=retryable")) ?? (await firstRun("state=available"));
const running = await firstRun("state=running");
const later = await firstRun("state=scheduled");
const led = await firstRun("trigger=cascade");
const { items: kinds } = await get("/data");
const runs = { failed, waiting, running, later, led };

const screens = {
  tower: "/",
  jobs: "/jobs",
  ...(failed && { job: `/jobs/${failed.job_type}` }),
  ...(led && { "job-led": `/jobs/${led.job_type}` }),
  graph: "/graph",
  runs: "/runs",
  ...Object.fromEntries(Object.entries(runs).flatMap(([name, run]) => (run ? [[`run-${name}`, `/runs/${run.id}`]] : []))),
  problems: "/problems",
  figures: "/figures",
  workers: "/figures/workers",
  hooks: "/figures/hooks",
  ...Object.fromEntries((kinds ?? []).map(({ key }) => [`data-${key}`, `/data/${key}`])),
  ...Object.fromEntries(["cascades", "jobs", "data", "file", "history"].map((tab) => [`config-${tab}`, `/config/${tab}`])),
  audit: "/audit",
  people: "/people",
  "not-found": "/nowhere",
};

mkdirSync(out, { recursive: true });
const browser = await launch();
for (const language of LANGUAGES.split(",")) {
  for (const colorScheme of THEMES.split(",")) {
    for (const width of WIDTHS.split(",").map(Number)) {
      // A phone's page is long: more of it is looked at than fits its screen.
      const height = width < 600 ? 1700 : 1000;
      const context = await browser.newContext({ viewport: { width, height }, locale: "en-GB", colorScheme });
      await context.addInitScript((chosen) => localStorage.setItem("cascade.language", chosen), language);
      const page = await context.newPage();
      page.on("pageerror", (error) => console.log(`${page.url()}: ${error}`));
      for (const [name, path] of Object.entries(screens)) {
        if (named.length > 0 && !named.includes(name)) continue;
        const began = performance.now();
        await page.goto(url + path);
        await page.locator("main h1").first().waitFor();
        await page.waitForFunction(() => document.querySelectorAll("main [aria-busy=true]").length === 0);
        await page.waitForLoadState("networkidle", { timeout: 1200 }).catch(() => {});
        const [isTooWide, header] = await page.evaluate(() => [
          document.documentElement.scrollWidth > window.innerWidth,
          document.querySelector("header")?.getBoundingClientRect().height ?? 0,
        ]);
        const told = [isTooWide && "too wide", width < 600 && header > 60 && `header of ${Math.round(header)} px`];
        const faults = told.filter(Boolean).join(", ");
        await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}-${language}.png`) });
        console.log(`${name} ${width} ${colorScheme} ${language}: ${Math.round(performance.now() - began)} ms ${faults}`);
      }
      await context.close();
    }
  }
}
await browser.close();
