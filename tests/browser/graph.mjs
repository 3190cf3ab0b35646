// The cascade graph while a cascade runs, and the trace of what it caused.
//
// For tests/e2e/browser.rs: CASCADE_URL, ARTEFACTS (folder for screenshots); a host with the
// repository's jobs.toml, the jobs of slow_job.toml (PLAN is the file that their params name) and the chain slow_job = ["slow_after"], on which
// slow_job has not run yet and the first cascades are over. Prints one line for each milestone.
import assert from "node:assert/strict";

import { accessible, get, isTooWide, open, plan, run } from "./control-room.mjs";
import { until } from "./page.mjs";

export default async function (browser) {
  const { items: projects } = await get("/projects");
  const { page, problems, seen, shot } = await open(browser, "/graph");
  const node = (job) => page.locator(`[data-testid=graph-node][data-job-type=${job}]`);
  const edge = page.locator('.react-flow__edge[data-id="slow_job>slow_after"]');
  const { items: scheduled } = await get("/jobs/scheduler");
  const jobs = new Set(scheduled.map(({ job_type }) => job_type));
  await node("slow_job").waitFor();
  assert.equal(await page.getByTestId("graph-node").count(), jobs.size);
  assert.equal(await edge.getAttribute("data-flow"), "rest");
  console.log(`graph shown: ${jobs.size} jobs`);

  // Only this project's run is asked for; of three projects one runs.
  let since = Date.now();
  plan({ steps: 4, pause_ms: 100, hold: ["slow_job"] });
  await run("slow_job", projects[0].id);
  await node("slow_job").and(page.locator("[data-now=running]")).waitFor({ timeout: 10_000 });
  console.log(`root seen running: ${Date.now() - since} ms after the request`);
  await node("slow_job").locator(".job-now").getByText("1 of 3").waitFor();
  await node("slow_job").locator("progress").waitFor();
  plan({ hold: ["slow_after"] });
  // A connection that is level has no height, and counts as hidden.
  await page.locator('.react-flow__edge.animated[data-id="slow_job>slow_after"][data-flow=live]').waitFor({ state: "attached", timeout: 20_000 });
  await node("slow_after").and(page.locator("[data-now=running]")).waitFor();
  await shot("graph-live-light");
  await page.getByRole("button", { name: "Dark theme" }).click();
  await shot("graph-live-dark");
  await page.getByRole("button", { name: "Light theme" }).click();
  console.log("edge animated while downstream ran");
  plan({});
  await page.locator('.react-flow__edge[data-id="slow_job>slow_after"][data-flow=rest]').waitFor({ state: "attached", timeout: 30_000 });
  for (const job of ["slow_job", "slow_after"]) {
    await node(job).and(page.locator("[data-now=idle][data-last=completed]")).waitFor();
    assert.ok((await node(job).locator(".spark rect").count()) > 0, "no bar for the duration");
  }
  assert.equal(seen.loads, 1, "the page was reloaded");
  console.log("cascade seen to its end without a reload");

  // A failure in one project of three is what the node says.
  plan({ steps: 0, fail: "out of paper" });
  await run("slow_job", projects[1].id);
  await node("slow_job").and(page.locator("[data-last=failed]")).waitFor();
  await node("slow_job").locator(".result").getByText("1 of 3").waitFor();
  console.log("worst state first");

  await page.locator('.react-flow__node[data-id="slow_job"]').focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-id")), "slow_after");
  await page.keyboard.press("Enter");
  const panel = page.getByTestId("job-panel");
  await panel.getByRole("heading", { name: "slow_after" }).waitFor();
  assert.match(page.url(), /job=slow_after/);
  await accessible(page, "the graph with a job open");
  await shot("graph-panel-light");
  console.log("job opened by keyboard");

  await panel.getByTestId("panel-run-link").first().click();
  const trace = page.getByTestId("cascade-trace");
  const row = (job) => trace.locator(`[data-testid=trace-row][data-job-type=${job}]`);
  await row("slow_after").waitFor();
  assert.equal(await trace.getByTestId("trace-row").count(), 2);
  assert.equal(await row("slow_job").getAttribute("data-depth"), "0");
  assert.equal(await row("slow_after").getAttribute("data-depth"), "1");
  assert.equal(await row("slow_after").getAttribute("aria-current"), "true");
  const gap = Number(await row("slow_after").getAttribute("data-gap"));
  // Without the wake-up it would be the host's interval, an hour.
  assert.ok(gap >= 0 && gap < 30_000, `a gap of ${gap} ms`);
  const bars = await trace.locator(".bar-ran").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().toJSON()));
  assert.ok(bars[1].left >= bars[0].right - 1, "downstream is drawn before the end of its cause");
  await page.getByTestId("trigger-chain").getByRole("link", { name: "slow_job" }).waitFor();
  await shot("trace-light");
  console.log(`trace: two hops, ${gap} ms between them`);
  await row("slow_job").getByRole("link").click();
  await page.locator("[data-testid=trace-row][data-job-type=slow_job][aria-current=true]").waitFor();
  assert.equal(seen.loads, 1, "the page was reloaded");

  // The trace of a run under way.
  plan({ steps: 4, pause_ms: 100, hold: ["slow_job"] });
  const id = await run("slow_job", projects[0].id);
  const live = await open(browser, `/runs/${id}`, { theme: "dark" });
  const bar = live.page.locator("[data-testid=trace-row][data-job-type=slow_job]");
  await bar.and(live.page.locator("[data-state=running]")).waitFor();
  plan({ hold: ["slow_after"] });
  await live.page.locator("[data-testid=trace-row][data-job-type=slow_after][data-state=running]").waitFor();
  await live.shot("trace-live-dark");
  await accessible(live.page, "a trace under way");
  plan({});
  await live.page.locator("[data-testid=cascade-trace][data-live=false]").waitFor({ timeout: 30_000 });
  assert.equal(live.seen.loads, 1, "the page was reloaded");
  console.log("trace grew while it ran");

  // Only a part of it: what is looked for, what is related to one job, what failed.
  const part = await open(browser, "/graph?job=slow_job");
  const shown = () => part.page.getByTestId("graph-node").evaluateAll((nodes) => nodes.map(({ dataset }) => dataset.jobType).sort());
  await part.page.getByTestId("graph-find").fill("slow_after");
  await part.page.locator(".stepped-back").first().waitFor();
  assert.equal(await part.page.locator(".react-flow__node:not(.stepped-back)").count(), 1);
  await part.page.getByTestId("graph-find").fill("");
  await part.page.getByRole("button", { name: "Show only related jobs" }).click();
  await until(async () => (await shown()).join() === "slow_after,slow_job", "only related jobs");
  await part.page.getByRole("button", { name: "Show all jobs" }).click();
  await until(async () => (await shown()).length === jobs.size, "all jobs");
  plan({ steps: 1, pause_ms: 0, fail: "on purpose" });
  await run("slow_job", projects[0].id);
  await part.page.getByRole("button", { name: /^Failed only \(1\)/ }).click();
  await until(async () => (await shown()).join() === "slow_job", "only what failed");
  await until(async () => (await part.page.title()).startsWith("1 failing"), "the title");
  await accessible(part.page, "a part of the graph");
  assert.deepEqual(part.problems, []);
  console.log("searched, related and failed only");

  for (const theme of ["light", "dark"]) {
    const narrow = await open(browser, "/graph", { theme, width: 360, height: 800 });
    await narrow.page.getByTestId("graph-row").first().waitFor();
    assert.equal(await narrow.page.getByTestId("graph-row").count(), jobs.size);
    assert.equal(await isTooWide(narrow.page), false, "the list is wider than a narrow screen");
    await accessible(narrow.page, "the list");
    await narrow.shot(`graph-360-${theme}`);
    await narrow.page.goto(narrow.page.url().replace(/\/graph.*/, `/runs/${id}`));
    await narrow.page.getByTestId("trace-row").first().waitFor();
    assert.equal(await isTooWide(narrow.page), false, "the run is wider than a narrow screen");
    await accessible(narrow.page, "a run on a narrow screen");
    await narrow.shot(`run-360-${theme}`);
    assert.deepEqual(narrow.problems, []);
  }
  console.log("narrow screens have a list");
  assert.deepEqual([...problems, ...live.problems], []);
}
