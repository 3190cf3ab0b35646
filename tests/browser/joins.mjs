// A connection that makes a run for each element of a list and a join are drawn and saved; then a run leads to twenty
// others, and once after all of them to one more, which the page of the run shows while it happens.
//
// CASCADE_URL: a host on joins.toml; ARTEFACTS; CONFIG: its jobs.toml on disk; PLAN: the file that names jobs that are
// held.
import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { until, withPage } from "./page.mjs";

const { CASCADE_URL: url, CONFIG: file, PLAN: plan, ARTEFACTS: artefacts } = process.env;
const get = async (path) => (await fetch(`${url}/api${path}`)).json();
const hold = (...jobs) => {
  writeFileSync(`${plan}.new`, JSON.stringify({ hold: jobs }));
  renameSync(`${plan}.new`, plan);
};

export default (browser) => withPage(browser, async (page) => {
  const form = page.getByTestId("edge-form");
  const joins = page.getByTestId("joins");
  const shot = (name) => page.screenshot({ path: join(artefacts, `joins-${name}.png`), fullPage: true });
  await page.goto(`${url}/config/cascades`);
  await page.locator('.react-flow__node[data-id="remind"]').waitFor();

  await drag("sync_bills", "remind");
  await page.getByRole("button", { name: "When sync_bills triggers remind" }).click();
  await form.getByText("Several runs, args, delay").click();
  await form.getByLabel("A run for each element of").fill("output.ids");
  await form.getByLabel("Give the runs args").check();
  await form.getByLabel("Value of bill").fill("item");
  await form.getByRole("button", { name: "Apply to draft" }).click();
  await page.getByTestId("chain").getByText("each of output.ids, with bill").waitFor();
  console.log("a run for each element");

  // The second connection to a job asks how both are meant.
  await drag("sync_bills", "score_bills");
  await drag("score_bills", "report_bills");
  assert.equal(await page.getByTestId("runs-after").count(), 0, "asked where one job alone leads to another");
  await drag("remind", "report_bills");
  const after = page.getByTestId("runs-after");
  await after.getByLabel("After each of them").and(page.locator(":checked")).waitFor();
  await after.getByText("Once, after all of them").click();
  await joins.getByText("once after all of score_bills, remind").waitFor();
  await until(async () => (await page.locator(".react-flow__edge[data-join]").count()) === 2, "no edges of the join");
  await page.getByTestId("join-mark").waitFor();
  assert.equal(await page.locator('.react-flow__edge[data-id="remind>report_bills"]').count(), 0);

  await page.getByRole("button", { name: "What report_bills waits for" }).click();
  const waits = page.getByTestId("join-form");
  await waits.getByLabel("Only if this expression is true").fill("output.remindd == 1");
  await waits.getByText("remindd").waitFor();
  await shot("refused");
  await waits.getByLabel("Only if this expression is true").fill("");
  await waits.getByLabel("Time limit").fill("1h");
  await waits.getByRole("button", { name: "Apply to draft" }).click();
  await joins.getByText("within 1h or not at all").waitFor();
  console.log("a join of both");

  // What it would close over the join is refused.
  await page.getByLabel("When this job succeeds").selectOption("report_bills");
  await page.getByLabel("run this job").selectOption("sync_bills");
  const cycle = page.getByTestId("cycle");
  await cycle.waitFor();
  assert.equal(await cycle.locator("code").first().innerText(), "report_bills");
  await page.getByLabel("run this job").selectOption("");
  await shot("drawn");

  await page.getByTestId("save").click();
  await page.locator("[data-testid=saved][data-in-force]").waitFor({ timeout: 15_000 });
  const saved = readFileSync(file, "utf8");
  assert.match(saved, /report_bills.*all_of = \["score_bills", "remind"\].*within = "1h"/s);
  const inForce = (await get("/jobs/config")).CASCADE_JOINS.report_bills;
  assert.deepEqual([inForce.all_of, inForce.within], [["score_bills", "remind"], "1h"]);
  console.log("saved, and in force");

  hold("remind");
  const project_id = (await get("/projects")).items[0].id;
  await page.goto(`${url}/graph?job=sync_bills`);
  await page.getByTestId("panel-run").click();
  await page.getByTestId("panel-run-link").first().click();
  await page.getByTestId("decisions").getByText("made 20 runs").waitFor();
  const joined = (job) => page.locator(`[data-testid=trace-joined][data-job=${job}]`);
  const state = (of) => page.locator(`[data-testid=trace-join][data-job=report_bills][data-state=${of}]`);
  await state("waiting").waitFor();
  await joined("score_bills").and(page.locator("[data-state=succeeded]")).waitFor();
  await joined("remind").getByText("20 open").waitFor();
  await state("waiting").getByText(/Its time is over in/).waitFor();
  await shot("waiting");
  const loads = await page.evaluate(() => performance.getEntriesByType("navigation").length + performance.timeOrigin);
  console.log("twenty runs, and the join waits for them");

  hold();
  await state("fired").waitFor();
  await joined("remind").getByText("20 succeeded").waitFor();
  await shot("fired");
  await state("fired").getByRole("link", { name: "its run" }).click();
  await page.locator("h1", { hasText: "report_bills" }).waitFor();
  assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation").length + performance.timeOrigin), loads, "reloaded");
  const runs = async (job) => (await get(`/jobs/runs?project_id=${project_id}&job_type=${job}&state=completed`)).total;
  await until(async () => (await runs("report_bills")) === 1, "the join did not run its job once");
  assert.equal(await runs("remind"), 20);
  // The run that ended last says so.
  const { items } = await get(`/jobs/runs?project_id=${project_id}&job_type=remind&per_page=100`);
  const last = items.sort((a, b) => Date.parse(b.finished_at) - Date.parse(a.finished_at));
  const details = await Promise.all(last.map(({ id }) => get(`/jobs/runs/${id}`)));
  const cause = details.find(({ decisions }) => decisions.some((each) => each.join && each.taken));
  await page.goto(`${url}/runs/${cause.id}`);
  await page.getByTestId("decisions").getByText("joined: triggered").waitFor();
  console.log("one run after all of them");

  async function drag(from, to) {
    // Nodes move into place once the graph has its size, and when a label needs room.
    await page.waitForTimeout(400);
    const handle = (job, end) => page.locator(`.react-flow__node[data-id="${job}"] .react-flow__handle.${end}`);
    const middle = async (of) => {
      const { x, y, width, height } = await of.boundingBox();
      return [x + width / 2, y + height / 2];
    };
    const before = await page.locator(".react-flow__edge").count();
    await page.mouse.move(...(await middle(handle(from, "source"))));
    await page.mouse.down();
    const target = await middle(handle(to, "target"));
    await page.mouse.move(target[0] - 20, target[1] - 5, { steps: 8 });
    await page.mouse.move(...target, { steps: 4 });
    await page.mouse.up();
    await until(async () => (await page.locator(".react-flow__edge").count()) === before + 1, `${from} is not connected to ${to}`);
  }
});
