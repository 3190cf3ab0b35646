// Runs by state over time, a range dragged out of them, saved views, and a pause with an end.
//
// CASCADE_URL: a host with the jobs size_00 to size_59, of which size_07 fails, in five projects. ARTEFACTS.
import assert from "node:assert/strict";

import { accessible, get, isTooWide, open, run } from "./control-room.mjs";
import { until } from "./page.mjs";

const ended = (id) => until(async () => (await get(`/jobs/runs/${id}`)).finished_at, `${id} did not end`);

export default async function (browser) {
  const { items: projects } = await get("/projects");
  const jobs = ["size_07", "size_10", "size_11"];
  const ids = await Promise.all(projects.flatMap(({ id }) => jobs.map((job) => run(job, id))));
  await Promise.all(ids.map(ended));

  const { page, problems, shot } = await open(browser, "/runs");
  const total = (number) => page.locator(`[data-testid=runs-total][data-total="${number}"]`).waitFor();
  const histogram = page.getByTestId("run-histogram");
  await total(ids.length);
  await histogram.locator("li[data-state=failed]").getByText(String(projects.length)).waitFor();
  await histogram.locator("li[data-state=completed]").getByText(String(2 * projects.length)).waitFor();
  await accessible(page, "the histogram");
  await shot("run-histogram-light");

  // With the pointer: all steps, from the right to the left.
  const plot = page.getByTestId("histogram-plot");
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width - 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 2, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  await page.getByTestId("time-chip").waitFor();
  await total(ids.length);
  await page.getByTestId("clear-time").click();
  await until(() => !/from=/.test(page.url()), "the range stays");
  await page.getByTestId("time-chip").waitFor({ state: "detached" });
  console.log("a range of time by the pointer");

  // By the keyboard: an end is moved, discarded, moved and applied.
  await page.getByTestId("histogram-end").focus();
  await page.keyboard.press("Home");
  await page.getByTestId("histogram-about").getByText("–").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.waitForURL(/from=.*to=/);
  await total(ids.length);
  await page.getByTestId("clear-time").click();
  console.log("and by the keyboard");

  // Saved views.
  await page.goto(new URL("/runs?state=failed&sort=took", page.url()).href);
  await total(projects.length);
  await page.getByTestId("save-view").click();
  await page.getByTestId("view-name").fill("Failed");
  await accessible(page, "the question for a name");
  await page.getByTestId("view-confirm").click();
  const view = (name) => page.getByTestId("saved-view").filter({ hasText: name });
  await view("Failed").waitFor();
  assert.equal(await view("Failed").getAttribute("aria-current"), "true");
  await page.goto(new URL("/runs?job=size_10", page.url()).href);
  await page.getByTestId("save-view").click();
  await page.getByTestId("view-name").fill("Failed");
  await page.getByTestId("view-confirm").click();
  await page.getByRole("alert").getByText("already").waitFor();
  await page.getByTestId("view-name").fill("Ten");
  await page.getByTestId("view-confirm").click();
  await view("Ten").waitFor();
  await view("Failed").click();
  await page.waitForURL(/state=failed/);
  await total(projects.length);

  await page.getByTestId("edit-views").click();
  await page.getByRole("button", { name: "Move Ten up" }).click();
  await until(async () => (await get("/saved-views")).items[0]?.name === "Ten", "it was not moved");
  const name = page.getByRole("textbox", { name: "Name of Ten" });
  await name.fill("Only size_10");
  await name.press("Enter");
  await until(async () => (await get("/saved-views")).items[0]?.name === "Only size_10", "it was not renamed");
  await accessible(page, "views are edited");
  await shot("saved-views-light");
  await page.getByRole("button", { name: "Copy the link of Failed" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /\/runs\?state=failed&sort=took$/);
  await page.getByRole("button", { name: "Delete Failed" }).click();
  await until(async () => (await get("/saved-views")).items.length === 1, "it was not deleted");
  await page.keyboard.press("Escape");
  await view("Only size_10").click();
  await total(projects.length);
  // Another browser of the same account has them too.
  const other = await open(browser, "/runs", { theme: "dark", width: 390, height: 844 });
  await other.page.getByTestId("saved-view").waitFor();
  await other.page.getByTestId("histogram-plot").waitFor();
  assert.ok(!(await isTooWide(other.page)), "wider than a phone");
  await accessible(other.page, "on a phone");
  await other.shot("run-histogram-dark-390");
  assert.deepEqual(other.problems, []);
  console.log("views are saved, ordered, renamed, shared and deleted");

  // A menu of sixty jobs is searched.
  await page.getByRole("button", { name: /^Job / }).first().click();
  await page.getByTestId("menu-search").fill("_11");
  await page.keyboard.press("Enter");
  await page.waitForURL(/size_11/);
  await page.keyboard.press("Escape");
  console.log("a menu is searched");

  // A pause that ends soon.
  await page.goto(new URL("/jobs?q=size_20", page.url()).href);
  await page.getByTestId("unfold").first().click();
  const row = page.getByTestId("job-row").first();
  await row.getByTestId("pause-job").click();
  await page.getByTestId("pause-end").selectOption("4h");
  await page.getByTestId("pause-reason").fill("the source moves");
  await accessible(page, "the question for an end");
  await shot("pause-until-light");
  await page.getByTestId("pause-confirm").click();
  await row.getByTestId("pause-note").getByText("the source moves").waitFor();
  await page.getByTestId("resumes-at").waitFor();
  await shot("paused-until-light");
  const job = (await get("/jobs/scheduler?job_type=size_20&per_page=200")).items.find(({ status }) => status === "paused");
  const soon = new Date(Date.now() + 1500).toISOString();
  const again = await fetch(new URL(`/api/jobs/size_20/pause`, page.url()), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id: job.project_id, until: soon }),
  });
  assert.equal(again.status, 200);
  await row.getByTestId("pause-job").waitFor();
  console.log("a pause is over by itself");
  assert.deepEqual(
    problems.filter((problem) => !/400/.test(problem)),
    [],
  );
}
