// The longest names that jobs.toml takes, a project's name of 300 letters and an error of 300 without a
// space: no screen is wider than the window, at 1440 and at 390 px. Each screen is one line of output.
//
// CASCADE_URL; ARTEFACTS; JOB: a job with such a name, of which a run has failed; PROJECT: a slug.
import assert from "node:assert/strict";

import { withPage } from "./page.mjs";

const { CASCADE_URL: url, JOB: job, PROJECT: project } = process.env;
const { items } = await (await fetch(`${url}/api/jobs/runs?job_type=${job}`)).json();
const failed = items.find(({ state }) => state === "failed");
assert.ok(failed?.error.length >= 300, "no run failed with a long error");
const paths = [
  "/", `/?project=${project}`, "/graph?view=graph", `/graph?view=list&job=${job}`, "/jobs", `/jobs/${job}`, "/runs",
  `/runs/${failed.id}`, "/data/portfolio", "/data/connector_sources", "/audit", "/people",
  ...["cascades", "data", "jobs", "history"].map((tab) => `/config/${tab}?job=${job}`),
];

export default async function (browser) {
  const faults = [];
  for (const width of [1440, 390]) {
    await withPage(browser, async (page) => {
      for (const path of paths) {
        await page.goto(url + path);
        await page.locator("main h1").first().waitFor();
        await page.waitForFunction(() => !document.querySelector("main .skeleton, main [aria-busy=true]"));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) faults.push(`${path} is ${wide} px wide in a window of ${width} px`);
        console.log(`${width} ${path.replaceAll(job, "JOB")}`);
      }
    }, { viewport: { width, height: 900 } });
  }
  assert.deepEqual(faults, []);
}
