// Ten tasks of a person on call, done as they would do them: prints the clicks and texts, and the seconds, of each.
//
// CASCADE_URL: a host with the jobs.toml of on-call-host.mjs, on which nothing has run. BROKEN: the file while which is
// there ship_07 fails. ARTEFACTS.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";

import { get, open, run, url } from "./control-room.mjs";
import { until } from "./page.mjs";

const { BROKEN: broken } = process.env;
const rows = [];

export default async function (browser) {
  writeFileSync(broken, "");
  const { items: projects } = await get("/projects");
  const many = (job, of = projects) => Promise.all(of.map(({ id }) => run(job, id)));
  const all = (job, state, runs) =>
    until(async () => (await get(`/jobs/runs?job_type=${job}&state=${state}`)).total === runs, `${job}: not all ${state}`);
  await many("ship_20");
  await all("ship_20", "completed", projects.length);
  const [log] = await many("ship_08", projects.slice(0, 1));
  const [again] = await many("ship_09", projects.slice(0, 1));
  await many("ship_10", projects.slice(0, 3));
  await many("ship_07");
  await all("ship_07", "failed", projects.length);
  await all("ship_08", "completed", 1);
  await all("ship_09", "retryable", 1);

  const { page, shot } = await open(browser, "/");
  const task = async (name, work, from = "/") => {
    await page.goto(url + from);
    await page.locator("main h1").first().waitFor();
    let acts = 0;
    const hand = {
      click: async (locator) => {
        acts += 1;
        await locator.click();
      },
      type: async (locator, text) => {
        acts += 1;
        await locator.fill(text);
      },
      choose: async (locator, value) => {
        acts += 1;
        await locator.selectOption(value);
      },
      press: async (key) => {
        acts += 1;
        await page.keyboard.press(key);
      },
    };
    const began = performance.now();
    await work(hand);
    rows.push([name, acts, ((performance.now() - began) / 1000).toFixed(1)]);
    console.log(rows.at(-1).join(" | "));
  };
  const by = (id) => page.getByTestId(id);

  await task("1. See what is broken, and why", async ({ click }) => {
    await click(by("attention").getByRole("link"));
    await by("problem").filter({ hasText: "10.0.0.7:5432 refused" }).waitFor();
  });
  await task("2. Read the log of the newest failed run", async ({ click }) => {
    await click(by("attention").getByRole("link"));
    await click(by("problem").filter({ hasText: "refused" }).getByRole("link").first());
    await by("run-log").waitFor();
  });
  await task("3. See since when it fails, and how often", async ({ click }) => {
    await click(page.getByRole("link", { name: "Runs", exact: true }));
    await by("histogram-plot").waitFor();
    await by("run-histogram").locator("li[data-state=failed]").getByText(String(projects.length)).waitFor();
  });
  await task("4. Say when a run is tried again", async () => {
    await by("next-attempt").waitFor();
  }, `/runs/${again}`);
  await task("5. Find which params a failed run had", async ({ click }) => {
    await click(page.getByText("Params in force"));
    await by("run-params").getByText("in force since").waitFor();
  }, `/runs/${again}`);
  await task("6. Pause the job everywhere for 4 hours, with a reason", async ({ click, type, choose }) => {
    await type(by("jobs-find"), "ship_07");
    await page.locator('[data-testid=jobs-total][data-total="1"]').waitFor();
    await click(page.getByRole("checkbox", { name: "Select ship_07" }));
    await click(by("many-pause"));
    await choose(by("pause-end"), "4h");
    await type(by("many-reason"), "the database moves");
    await click(by("many-confirm"));
    await by("many-result").getByText(`${projects.length} schedules paused.`).waitFor();
    await by("resumes-at").waitFor();
  }, "/jobs");
  rmSync(broken);
  await task("7. Resume it, try all failed runs again, and see them succeed", async ({ click, type }) => {
    await type(by("jobs-find"), "ship_07");
    await page.locator('[data-testid=jobs-total][data-total="1"]').waitFor();
    await click(page.getByRole("checkbox", { name: "Select ship_07" }));
    await click(by("many-resume"));
    await click(by("many-confirm"));
    await by("many-result").waitFor();
    await click(page.getByRole("link", { name: /Problems/ }).first());
    const problem = by("problem").filter({ hasText: "refused" });
    await click(problem.getByTestId("problem-retry"));
    await problem.getByText("succeeded since").waitFor();
  }, "/jobs");
  await task("8. Cancel all runs that hang", async ({ click }) => {
    await click(by("matching-cancel"));
    await click(by("matching-confirm"));
    await until(async () => (await get("/jobs/runs?job_type=ship_10&state=running")).total === 0, "some still run");
  }, "/runs?job=ship_10&state=running");
  await task("9. Find a line in a log of 100,000 and keep the log", async ({ click, type }) => {
    await type(by("log-search"), "line 99995 ");
    await page.locator('[data-testid=log-count][data-total="1"]').waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), click(by("log-download"))]);
    assert.ok(await file.path());
  }, `/runs/${log}`);
  await task("10. Keep the list of what fails, and send it to a colleague", async ({ click, type }) => {
    await click(by("save-view"));
    await type(by("view-name"), "Failing since the move");
    await click(by("view-confirm"));
    await by("saved-view").waitFor();
  }, "/runs?state=failed&since=24h");
  await shot("on-call");
  console.log(`sum | ${rows.reduce((sum, [, acts]) => sum + acts, 0)} | ${rows.reduce((sum, [, , s]) => sum + Number(s), 0).toFixed(1)}`);
}
