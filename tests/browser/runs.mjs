// The table of runs, the page of a run, the keyboard and the command palette.
//
// For tests/e2e/browser.rs: CASCADE_URL, ARTEFACTS (folder for screenshots); a host with the
// repository's jobs.toml, the jobs of slow_job.toml (PLAN is the file that their params name) and the chain slow_job = ["slow_after"], its first
// cascades over. Prints one line for each milestone.
import assert from "node:assert/strict";

import { accessible, get, isTooWide, open, plan, run } from "./control-room.mjs";
import { until } from "./page.mjs";

// Its own each time, so that the test can be run again on the same host.
const PRINTER = `PRINTER-${Date.now().toString(36)}`;
const FAULT = `no route to ${PRINTER.toLowerCase()}`;
const ended = (id) => until(async () => (await get(`/jobs/runs/${id}`)).finished_at, `${id} did not end`);
const all = (projects) => Promise.all(projects.map(({ id }) => run("slow_job", id)));

export default async function (browser) {
  const { items: projects } = await get("/projects");
  plan({ steps: 0, fail: FAULT });
  const failed = await all(projects);
  await Promise.all(failed.map(ended));

  const { page, problems, seen, shot } = await open(browser, "/runs");
  const rows = page.getByTestId("run-row");
  const total = page.getByTestId("runs-total");
  const counts = (number) => page.locator(`[data-testid=runs-total][data-total="${number}"]`).waitFor();
  await rows.first().waitFor();
  const everything = Number(await total.getAttribute("data-total"));
  await shot("runs-light");
  console.log(`table shown: ${everything} runs`);

  await page.getByRole("button", { name: "State Any state" }).click();
  await page.getByRole("checkbox", { name: "failed" }).check();
  await accessible(page, "a filter open");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type(PRINTER);
  await counts(projects.length);
  await page.waitForURL(/q=PRINTER/);
  const address = new URL(page.url());
  assert.equal(address.searchParams.get("state"), "failed");
  const shared = await open(browser, address.pathname + address.search, { theme: "dark" });
  await shared.page.locator(`[data-testid=runs-total][data-total="${projects.length}"]`).waitFor();
  assert.equal(await shared.page.getByTestId("run-row").count(), projects.length);
  await shared.shot("runs-filtered-dark");
  console.log("filters stand in the address");

  await page.getByRole("button", { name: "Clear filters" }).click();
  await counts(everything);
  await page.getByTestId("sort-took").click();
  await page.waitForURL(/sort=-took/);
  await page.getByTestId("sort-took").click();
  await page.waitForURL(/sort=took/);
  const { items: quickest } = await get("/jobs/runs?sort=took&per_page=3");
  await page.locator(`[data-testid=run-row][data-index="0"][data-run-id="${quickest[0].id}"]`).waitFor();
  await page.goBack().catch(() => {});
  console.log("ordered by the host");

  // By what is in their output: a field is found as one types.
  await page.goto(new URL("/runs", page.url()).href);
  await counts(everything);
  const condition = page.getByTestId("condition-input");
  await condition.fill("sources name");
  await page.getByRole("option", { name: "output.sources.0.name=" }).waitFor();
  await accessible(page, "fields to find runs by");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await condition.fill("output.sources.0.name!=null");
  await page.keyboard.press("Enter");
  await page.waitForURL(/where=output/);
  const { total: withSources } = await get("/jobs/runs?where=output.sources.0.name!%3Dnull");
  assert.ok(withSources > 0 && withSources < everything, `${withSources} of ${everything} have sources`);
  await counts(withSources);
  await page.getByTestId("unfold-run").first().click();
  await page.getByTestId("more-of-run").getByText('"sources"').waitFor();
  await accessible(page, "a run unfolded");
  await shot("runs-by-output-light");
  await page.getByRole("button", { name: "Remove output.sources.0.name!=null" }).click();
  await counts(everything);
  console.log("found by a field of the output");

  // A page of the largest size is not all in the document.
  const [like] = (await get("/jobs/runs?per_page=1")).items;
  const many = Array.from({ length: 200 }, (_, at) => ({ ...like, id: like.id.slice(0, -4) + String(at).padStart(4, "0") }));
  const long = await open(browser, "/jobs");
  await long.page.route("**/api/jobs/runs?*", (route) =>
    route.fulfill({ json: { items: many, total: 10_000, page: 1, per_page: 200, as_of: like.queued_at } }),
  );
  await long.page.keyboard.press("g");
  await long.page.keyboard.press("r");
  await long.page.getByTestId("run-row").first().waitFor();
  const drawn = await long.page.getByTestId("run-row").count();
  assert.ok(drawn < 80, `${drawn} rows in the document`);
  const since = Date.now();
  for (let at = 0; at < 100; at++) await long.page.keyboard.press("j");
  await long.page.locator('[data-index="99"][data-current]').waitFor();
  const pace = (Date.now() - since) / 100;
  const inView = await long.page.locator('[data-index="99"]').evaluate((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
  });
  assert.ok(inView, "the current row is out of view");
  // The list may still be on its way to the row of the last key, which takes it back from the end.
  await until(async () => {
    await long.page.keyboard.press("End");
    return long.page.locator('[data-index="199"]').isVisible();
  }, "the last row is out of view");
  await long.page.getByText("1 to 200 of 10000").waitFor();
  assert.deepEqual(long.problems, []);
  console.log(`200 rows on a page: ${drawn} drawn, ${pace} ms from one to the next`);

  // By the keyboard alone: select the failed ones and run them again.
  await page.goto(shared.page.url());
  await rows.first().waitFor();
  for (const _ of projects) {
    await page.keyboard.press("j");
    await page.keyboard.press("x");
  }
  await page.keyboard.press("k");
  await page.locator(`[data-index="${projects.length - 2}"][data-current] a:focus`).waitFor();
  await page.getByText(`${projects.length} runs selected`).waitFor();
  await page.keyboard.press("r");
  await page.getByTestId("bulk-result").getByText(`${projects.length} runs queued for retry.`).waitFor();
  await until(async () => {
    const again = await Promise.all(failed.map((id) => get(`/jobs/runs/${id}`)));
    return again.every(({ attempt, state }) => attempt === 2 && state === "failed");
  }, "no second attempts");
  await page.locator("[data-testid=run-row]", { hasText: "attempt 2" }).first().waitFor();
  console.log("retried in bulk");

  await page.goto(new URL("/runs?job=slow_job&state=available,running", page.url()).href);
  plan({ steps: 200, pause_ms: 300 });
  const slow = await all(projects);
  await counts(projects.length);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.keyboard.press("c");
  await page.getByText(`Cancel ${projects.length} runs?`).waitFor();
  assert.ok((await get(`/jobs/runs/${slow[0]}`)).cancel_requested_at === null, "cancelled at the first asking");
  await shot("runs-cancel-light");
  await page.keyboard.press("c");
  await page.getByTestId("bulk-result").getByText(`${projects.length} runs cancelled.`).waitFor();
  await Promise.all(slow.map(ended));
  await counts(0);
  await page.getByText("No matching runs.").waitFor();
  console.log("cancelled in bulk, asked twice");

  // A run that was over is refused, and one is told.
  await page.goto(new URL("/runs?job=slow_job&state=completed,cancelled", page.url()).href);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.getByTestId("bulk-cancel").click();
  await page.getByTestId("bulk-confirm").click();
  await page.getByTestId("bulk-result").getByText(/skipped:/).waitFor();
  await accessible(page, "runs selected and refused");
  await shot("runs-refused-light");
  console.log("refusals are told");

  // A run page, live.
  plan({ steps: 24, pause_ms: 100, hold: ["slow_job"] });
  const id = await run("slow_job", projects[0].id);
  await page.goto(new URL(`/runs/${id}`, page.url()).href);
  const loads = seen.loads;
  const line = (text) => page.getByTestId("log-line").filter({ hasText: text });
  await line("step 1 of 24").waitFor();
  await page.getByTestId("run-progress").waitFor();
  plan({});
  await line("step 9 of 24").waitFor();
  await shot("run-live-light");
  await page.getByLabel("Level").selectOption("warn");
  await page.waitForURL(/level=warn/);
  await line("step 12 of 24").waitFor();
  // Both were there before the level was chosen.
  await line("step 11 of 24").waitFor({ state: "detached" });
  await page.getByLabel("Level").selectOption("");
  await page.keyboard.press("/");
  await page.keyboard.type("step 2 ");
  await page.getByText("1 of ").first().waitFor();
  assert.equal(await page.locator(".log mark").first().innerText(), "step 2");
  await page.getByTestId("log-search").fill("");
  await page.locator("h1 .pill", { hasText: "completed" }).waitFor({ timeout: 30_000 });
  await line("step 24 of 24").waitFor();
  assert.equal(seen.loads, loads, "the page was reloaded");
  console.log("run page followed the log to its end");

  await page.goto(new URL(`/runs/${failed[0]}`, page.url()).href);
  await page.getByRole("button", { name: "Copy error" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), new RegExp(FAULT));
  await shot("run-failed-light");
  await page.getByRole("tab", { name: "Attempt 1" }).click();
  await page.waitForURL(/attempt=1/);
  await page.getByRole("tabpanel").getByText(FAULT).waitFor();
  await page.locator('[data-testid=run-log][data-attempt="1"]').waitFor();
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("Only this run logged").waitFor();
  await accessible(page, "an attempt of a run, compared");
  await shot("run-attempt-light");
  await page.goto(new URL("/jobs/slow_job", page.url()).href);
  await page.getByTestId("job-queue").getByText("Nothing runs and nothing waits.").waitFor();
  await accessible(page, "the queue of a job");
  await page.goto(new URL(`/runs/${failed[0]}`, page.url()).href);
  await page.locator("h1 .pill", { hasText: "failed" }).waitFor();

  // The keyboard and the palette.
  await page.locator("body").click({ position: { x: 5, y: 500 } });
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByText("Follow the log").waitFor();
  await accessible(page, "the shortcuts");
  await shot("shortcuts-light");
  await help.getByRole("checkbox").uncheck();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  assert.match(page.url(), /\/runs\//, "single keys are switched off");
  await page.evaluate(() => localStorage.removeItem("cascade.keys"));
  const places = { t: /\/$/, g: /\/graph$/, j: /\/jobs$/, r: /\/runs$/, d: /\/data/ };
  for (const [key, place] of Object.entries(places)) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL(place);
  }
  console.log("keys lead to every screen, and can be switched off");

  const palette = page.getByRole("dialog", { name: "Command palette" });
  const ask = async (text) => {
    await page.keyboard.press("Control+k");
    await palette.getByRole("combobox").fill(text);
  };
  await ask("slow aft");
  await palette.getByRole("option", { selected: true }).filter({ hasText: "slow_after" }).waitFor();
  await accessible(page, "the palette");
  await shot("palette-light");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/jobs\/slow_after/);
  await palette.waitFor({ state: "detached" });
  await ask(projects[1].name);
  await palette.locator("[data-group=projects]").first().waitFor();
  await palette.locator("[data-group=projects]").first().click();
  await page.waitForURL(new RegExp(`project=${projects[1].slug}`));
  await ask("run slow_job");
  const option = palette.locator("[data-group=run]").first();
  await option.getByText(projects[1].name).waitFor();
  while ((await option.getAttribute("aria-selected")) !== "true") await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\/.{36}/);
  await page.locator("h1", { hasText: "slow_job" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await palette.waitFor({ state: "detached" });
  console.log("palette went to a job and a project, and ran a job");

  for (const theme of ["light", "dark"]) {
    const narrow = await open(browser, "/runs", { theme, width: 360, height: 800 });
    await narrow.page.getByTestId("run-row").first().waitFor();
    assert.equal(await isTooWide(narrow.page), false, "the runs are wider than a narrow screen");
    await accessible(narrow.page, "runs on a narrow screen");
    await narrow.shot(`runs-360-${theme}`);
    await narrow.page.getByTestId("palette-button").click();
    await narrow.page.getByTestId("palette-input").waitFor();
    assert.equal(await isTooWide(narrow.page), false, "the palette is wider than a narrow screen");
    await narrow.shot(`palette-360-${theme}`);
    assert.deepEqual(narrow.problems, []);
  }
  const dark = await open(browser, `/runs/${failed[0]}`, { theme: "dark" });
  await dark.page.getByTestId("trace-row").waitFor();
  await dark.shot("run-failed-dark");
  await dark.page.goto(new URL("/runs", dark.page.url()).href);
  await dark.page.getByTestId("run-row").first().waitFor();
  await dark.shot("runs-dark");
  console.log("both themes, wide and narrow");
  assert.deepEqual([...problems, ...shared.problems, ...dark.problems], []);
}
