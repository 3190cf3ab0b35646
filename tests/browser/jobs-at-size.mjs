// Jobs with more schedules than are listed one by one, and a log that is longer than a page.
//
// CASCADE_URL: a host with the jobs size_00 to size_59, of which size_07 fails and size_08 writes LINES lines of log, in five projects. ARTEFACTS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { accessible, artefacts, get, isTooWide, open, run } from "./control-room.mjs";
import { until } from "./page.mjs";

const JOBS = 60;
const LINES = 3000;
const ended = (id) => until(async () => (await get(`/jobs/runs/${id}`)).finished_at, `${id} did not end`);

export default async function (browser) {
  const { items: projects } = await get("/projects");
  const [failed, talker] = await Promise.all([run("size_07", projects[0].id), run("size_08", projects[0].id)]);
  await Promise.all([ended(failed), ended(talker)]);

  const { page, problems, shot } = await open(browser, "/jobs");
  const rows = page.getByTestId("summary-row");
  const total = (number) => page.locator(`[data-testid=jobs-total][data-total="${number}"]`).waitFor();
  await total(JOBS);
  await rows.first().waitFor();
  const drawn = await rows.count();
  assert.ok(drawn < JOBS, `all ${drawn} rows are in the document`);
  await accessible(page, "jobs at size");
  await shot("jobs-at-size-light");
  await page.mouse.wheel(0, 20_000);
  await page.locator('[data-job-type="size_59"]').waitFor();
  console.log(`one row a job: ${drawn} of ${JOBS} drawn`);

  await page.getByTestId("stand-failing").click();
  await total(1);
  const failing = page.locator('[data-job-type="size_07"]');
  await failing.getByText("1 failing").waitFor();
  await page.waitForURL(/state=failing/);
  assert.match(await page.title(), /^1 failing · Jobs/);
  await page.getByTestId("stand-failing").click();
  await page.getByTestId("jobs-find").fill("SIZE_1");
  await total(10);
  await page.waitForURL(/q=SIZE_1/);
  await page.reload();
  await total(10);
  console.log("found by state and by name, which the address keeps");

  // By the keyboard: unfold a job to its projects, and run one.
  const unfold = page.locator('[data-job-type="size_10"]').getByTestId("unfold");
  await unfold.focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("job-row").nth(projects.length - 1).waitFor();
  assert.equal(await page.getByTestId("job-row").count(), projects.length);
  await accessible(page, "an unfolded job");
  await shot("jobs-unfolded-light");
  await page.getByTestId("run-now").first().click();
  await until(async () => (await get("/jobs/runs?job_type=size_10")).total === 1, "it was not run");
  await page.keyboard.press("Escape");

  await page.getByRole("checkbox", { name: "Select size_10" }).check();
  await page.getByRole("checkbox", { name: "Select size_11" }).check();
  await page.getByTestId("many-pause").click();
  const dialog = page.getByRole("dialog", { name: "Pause 2 jobs?" });
  await dialog.getByTestId("many-reason").fill("the source is down");
  await accessible(page, "the question");
  await shot("jobs-pause-light");
  await dialog.getByTestId("many-confirm").click();
  await page.getByTestId("many-result").getByText(`${2 * projects.length} schedules paused.`).waitFor();
  await page.locator('[data-job-type="size_11"]').getByText(`${projects.length} paused`).waitFor();
  const { items: entries } = await get("/audit?text=jobs.pause");
  assert.equal(entries.length, projects.length, "an entry a project");
  assert.ok(entries.every(({ detail }) => JSON.stringify(detail).includes("the source is down")));
  console.log("paused over projects, with a reason");

  await page.getByTestId("jobs-find").fill("");
  await page.getByTestId("jobs-sort").selectOption("state");
  await total(JOBS);
  await page.locator(".summary-group").first().getByText("Failing").waitFor();
  assert.equal(await rows.first().getAttribute("data-job-type"), "size_07");
  for (const theme of ["light", "dark"]) {
    for (const [width, height] of [[1440, 1000], [390, 844]]) {
      const other = await open(browser, "/jobs?sort=state", { theme, width, height });
      await other.page.getByTestId("summary-row").first().waitFor();
      await other.page.getByTestId("unfold").first().click();
      await other.page.getByTestId("job-row").first().waitFor();
      assert.ok(!(await isTooWide(other.page)), `wider than ${width} px`);
      await accessible(other.page, `${theme} ${width}`);
      await other.shot(`jobs-at-size-${theme}-${width}`);
      await other.page.goto(new URL(`/runs/${talker}`, other.page.url()).href);
      await other.page.getByTestId("log-line").first().waitFor();
      assert.ok(!(await isTooWide(other.page)), `the run is wider than ${width} px`);
      // Before it is scrolled: of what the bar at the top covers in part, too little is left to be touched.
      await accessible(other.page, `log ${theme} ${width}`);
      await other.page.getByTestId("run-log").scrollIntoViewIfNeeded();
      await other.page.getByTestId("run-log").screenshot({ path: join(artefacts, `log-at-size-${theme}-${width}.png`) });
      assert.deepEqual(other.problems, []);
      await other.page.context().close();
    }
  }
  console.log("grouped by state");

  await page.goto(new URL(`/runs/${talker}`, page.url()).href);
  const line = (nth) => page.getByTestId("log-line").filter({ hasText: new RegExp(`line ${nth} `) });
  await page.locator(`[data-testid=log-count][data-total="${LINES}"]`).waitFor();
  await line(1).waitFor();
  assert.ok((await page.getByTestId("log-line").count()) < 100, "all lines are in the document");
  const frame = page.locator(".log-frame");
  await until(async () => {
    await frame.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    return line(LINES).isVisible();
  }, "the end is not reached");
  await page.getByTestId("log-search").fill(`line ${LINES - 100} `);
  await page.locator('[data-testid=log-count][data-total="1"]').waitFor();
  await line(LINES - 100).waitFor();
  await page.getByTestId("log-search").fill("");
  await line(1).waitFor();
  const { items: all } = await get(`/jobs/runs/${talker}/logs`);
  const second = Math.floor(Date.parse(all.at(-1).at) / 1000) * 1000;
  const nth = all.findIndex(({ at }) => Date.parse(at) >= second) + 1;
  assert.ok(nth > 1, "all lines are of one second");
  // As the field takes it: in the time of the one who looks.
  const time = await page.evaluate((at) => {
    const minutes = new Date(at).getTimezoneOffset();
    return new Date(at - minutes * 60_000).toISOString().slice(0, 19);
  }, second);
  await page.getByTestId("log-time").fill(time);
  await page.getByTestId("log-jump").click();
  await line(nth).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("log-download").click()]);
  assert.equal(file.suggestedFilename(), `run-${talker}.log`);
  assert.equal(readFileSync(await file.path(), "utf8").trim().split("\n").length, LINES);
  assert.deepEqual(problems, []);
  console.log(`${LINES} lines of log: read, searched, downloaded`);
}
