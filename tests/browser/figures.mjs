// Figures of the runs that ended, by job and project; a worker is drained, and takes runs again.
//
// CASCADE_URL: a settled host with slow_job. PLAN: the file with its params. ARTEFACTS.
import assert from "node:assert/strict";
import { join } from "node:path";

import { accessible, isTooWide, plan } from "./control-room.mjs";
import { until, withPage } from "./page.mjs";

const { CASCADE_URL: url, ARTEFACTS: artefacts } = process.env;
const api = async (path, body) => {
  const init = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await fetch(`${url}/api${path}`, init)).json();
};
const slow = async () => (await api("/stats?range=1h&job_type=slow_job")).total;

export default (browser) => withPage(browser, async (page) => {
  plan({ steps: 1, pause_ms: 200, fail: "" });
  const { items: projects } = await api("/projects");
  for (const { id } of projects) await api("/jobs/slow_job/run", { project_id: id });
  await until(async () => (await slow()).completed === projects.length, "the runs are not counted");
  const { duration, wait } = await slow();
  assert.ok(duration.p50 >= 180 && duration.p50 < 5000, `p50 ${duration.p50}`);
  assert.ok(wait.p50 < 30_000, `wait ${wait.p50}`);

  await page.goto(`${url}/figures`);
  const charts = page.getByTestId("figure-chart");
  await charts.first().waitFor();
  assert.equal(await charts.count(), 4);
  const row = page.getByRole("row").filter({ hasText: "slow_job" });
  await row.waitFor();
  assert.match(await row.innerText(), new RegExp(`slow_job\\s+${projects.length}\\s`));
  await page.getByTestId("range-1h").click();
  await until(() => page.url().includes("range=1h"), "the range is not in the address");
  await row.getByRole("button").click();
  await until(() => page.url().includes("job=slow_job"), "the job is not in the address");
  await page.getByTestId("figure-chart").first().getByText(`${projects.length} ended, 0 failed`).waitFor();
  const plot = charts.first().getByRole("slider");
  await plot.focus();
  await page.keyboard.press("ArrowLeft");
  assert.match(await plot.getAttribute("aria-valuetext"), /completed \d/);
  await page.getByTestId("all-jobs").click();
  await page.getByRole("button", { name: "By project" }).click();
  await page.getByRole("row").filter({ hasText: projects[0].slug }).waitFor();
  console.log("figures");

  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    await page.setViewportSize({ width, height });
    // What the bar at the top covers would be too small to hit.
    await page.evaluate(() => window.scrollTo(0, 0));
    assert.ok(!(await isTooWide(page)), `figures are wider than ${width} px`);
    await accessible(page, `figures at ${width} px`);
    await page.screenshot({ path: join(artefacts, `figures-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 1000 });

  await page.getByRole("link", { name: "Workers" }).click();
  const worker = page.getByTestId("worker");
  await worker.waitFor();
  await worker.getByTestId("drain").click();
  await accessible(page, "the question whether to drain");
  await page.getByTestId("drain-confirm").click();
  await page.locator("[data-testid=worker][data-state=drained]").waitFor();
  await page.getByTestId("no-worker").waitFor();
  const { run_id } = await api("/jobs/slow_job/run", { project_id: projects[0].id });
  const state = async () => (await api(`/jobs/runs/${run_id}`)).state;
  assert.equal(await state(), "available");
  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    await page.setViewportSize({ width, height });
    assert.ok(!(await isTooWide(page)), `workers are wider than ${width} px`);
    await accessible(page, `workers at ${width} px`);
    await page.screenshot({ path: join(artefacts, `workers-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
  assert.equal(await state(), "available", "a drained worker has taken a run");
  await worker.getByTestId("undrain").click();
  await until(async () => (await state()) === "completed", "no run after the drain was undone");
  await page.locator("[data-testid=worker][data-state=active]").waitFor();
  const { items: log } = await api("/audit?text=worker.");
  assert.deepEqual(log.map(({ action }) => action), ["worker.undrain", "worker.drain"]);
  console.log("drained");
});
