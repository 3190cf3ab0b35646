// A plugin that the host has never seen: its data key appears on an open page, its job runs at a click,
// and its rows come by the event stream. Each milestone is one line of output;
// after `ready` whoever started this adds the plugin.
//
// CASCADE_URL, ARTEFACTS (folder for screenshots), JOB, VIEW; FILTER as {"name", "value"}, if it is not the first filter with a text of the first row.
import assert from "node:assert/strict";
import { join } from "node:path";

import { until } from "./page.mjs";

const { CASCADE_URL: url, ARTEFACTS: artefacts, JOB: job, VIEW: view } = process.env;

export default async function (browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale: "en-GB", colorScheme: "light" });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  // Data and views poll at 20 s and more: those timers never fire. What is left is the 15 s of
  // /api/jobs/config, by which a page learns that jobs.toml has changed.
  await page.addInitScript(() => {
    const real = window.setInterval.bind(window);
    window.setInterval = (run, ms, ...rest) => (ms > 15_000 ? 0 : real(run, ms, ...rest));
  });
  let loads = 0;
  page.on("load", () => loads++);

  await page.goto(url);
  await page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
  await page.getByRole("link", { name: "Data", exact: true }).click();
  const keys = page.getByRole("navigation", { name: "Data" });
  await keys.getByRole("link").first().waitFor();
  // The screen names a view by its key in words.
  const words = view.replaceAll("_", " ");
  const title = words[0].toUpperCase() + words.slice(1);
  const key = keys.getByRole("link", { name: title, exact: true });
  assert.equal(await key.count(), 0, `${view} is there before the plugin is`);
  let since = Date.now();
  console.log("ready");

  await key.waitFor({ timeout: 90_000 });
  console.log(`key appeared: ${Date.now() - since} ms after ready`);
  await key.click();
  const panel = page.locator("main .panel");
  await panel.getByRole("heading", { name: title }).waitFor();
  await panel.getByText("No rows yet.").waitFor();
  console.log("data page opened");

  await panel.getByRole("link", { name: job, exact: true }).click();
  await page.getByRole("heading", { name: job, level: 1 }).waitFor();
  const form = page.getByTestId("run-form");
  await form.getByRole("button", { name: "Run now" }).waitFor();
  await page.locator("main dl").getByRole("link", { name: view, exact: true }).waitFor();
  await form.getByRole("link", { name: "Edit in Configuration" }).waitFor();
  console.log("job page opened");
  since = Date.now();
  await form.getByRole("button", { name: "Run now" }).click();
  await form.getByTestId("run-answer").getByRole("link").waitFor();
  console.log(`run accepted: ${Date.now() - since} ms after the click`);
  await page.locator("main dl").getByRole("link", { name: view, exact: true }).click();
  const rows = page.getByTestId("data-row");
  await rows.first().waitFor({ timeout: 30_000 });
  console.log(`first row: ${Date.now() - since} ms after the click`);

  const before = await total();
  const { items: projects } = await (await fetch(`${url}/api/projects`)).json();
  const answer = await fetch(`${url}/api/jobs/${job}/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id: projects[0].id }),
  });
  assert.equal(answer.status, 202, await answer.text());
  since = Date.now();
  await until(async () => (await total()) > before, "the row count did not grow");
  console.log(`row count ${before} -> ${await total()}: ${Date.now() - since} ms after the request`);

  await checkSort();
  console.log("sorted by a click");
  await checkFilter();
  console.log("filtered, shared and cleared");

  const chart = page.getByTestId("view-chart");
  await chart.locator("svg .recharts-cartesian-grid").waitFor();
  assert.match(await chart.locator(".sr-only").innerText(), /\d+ points from .+ to .+/);
  console.log("chart drawn");
  assert.equal(loads, 1, "the page was reloaded");

  for (const theme of ["light", "dark"]) {
    await page.setViewportSize({ width: 1440, height: 1000 });
    if (theme === "dark") await page.getByRole("button", { name: "Dark theme" }).click();
    await shoot(theme);
  }
  assert.deepEqual(problems, []);
  console.log("done");

  /** How many rows there are on all pages; one page has no pager. */
  async function total() {
    const pager = page.locator(".pager [data-total]");
    return (await pager.count()) > 0 ? Number(await pager.getAttribute("data-total")) : rows.count();
  }

  async function checkSort() {
    const sortable = await page.locator("th[data-column]").evaluateAll((heads) => heads.map(({ dataset }) => ({ ...dataset })));
    const { column, kind } = sortable.find(({ kind }) => kind === "number") ?? sortable.find(({ kind }) => kind === "text");
    const head = page.locator(`th[data-column="${column}"]`);
    const shown = () => page.locator(`td[data-column="${column}"]`).allInnerTexts();
    for (const [order, sort] of [["ascending", column], ["descending", `-${column}`]]) {
      await head.getByRole("button").click();
      await page.locator(`th[data-column="${column}"][aria-sort=${order}]`).waitFor();
      assert.equal(new URL(page.url()).searchParams.get("sort"), sort);
      const { items } = await (await fetch(`${url}/api/data/${view}?per_page=25&sort=${sort}`)).json();
      const wanted = items.map((item) => item[column] ?? null);
      assert.ok(new Set(wanted).size > 1, `all rows have the same ${column}`);
      const read = (text) => (text === "–" ? null : kind === "number" ? Number(text.replace(/[^\d.-]/g, "")) : text);
      const same = async () => (await shown()).every((text, at) => near(read(text), wanted[at]));
      await until(same, `not in ${order} order of ${column}: ${await shown()}; wanted ${wanted}`);
    }
  }

  async function checkFilter() {
    const all = await total();
    const given = process.env.FILTER && JSON.parse(process.env.FILTER);
    const bar = page.getByRole("search");
    const input = given ? bar.locator(`[name="${given.name}"]`) : bar.locator("input[type=text]").first();
    const value = given?.value ?? (await rows.first().locator("td[data-kind=text]").first().innerText());
    const name = await input.getAttribute("name");
    const choice = (await input.evaluate((element) => element.tagName)) === "SELECT";
    await (choice ? input.selectOption(value) : input.fill(value));
    await until(() => new URL(page.url()).searchParams.get(`filter.${name}`) === value, "the filter is not in the address");
    const fits = async () => (await rows.allInnerTexts()).every((text) => text.includes(value)) && (await rows.count()) > 0;
    await until(fits, `rows without ${value}`);

    const other = await context.newPage();
    const type = (await other.goto(page.url())).headers()["content-type"];
    assert.match(type, /^text\/html/, `the address of a screen must show the screen: ${page.url()}`);
    await other.locator("th[aria-sort=descending]").waitFor();
    assert.equal(await other.getByRole("search").locator(`[name="${name}"]`).inputValue(), value);
    await other.close();

    if (!choice) {
      await input.fill("no row has this text");
      await page.getByText("No rows match the filters.").waitFor();
    }
    await page.getByRole("button", { name: "Clear" }).click();
    await until(async () => (await total()) === all, "clear did not bring all rows back");
  }

  async function shoot(theme) {
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: width === 360 ? 800 : 1000 });
      // On a phone the places are behind a button.
      if (width === 360) await page.getByTestId("menu-button").click();
      await page.getByRole("link", { name: "Data", exact: true }).click();
      await key.click();
      await rows.first().waitFor();
      await keep(`data-${theme}-${width}`, width);
      await page.locator(".view-facts").getByRole("link", { name: job, exact: true }).click();
      await form.getByRole("button", { name: "Run now" }).waitFor();
      await keep(`job-${theme}-${width}`, width);
    }
  }

  async function keep(name, width) {
    // The chart takes its width a moment later.
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(artefacts, `generic-${name}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${name} is ${wide} px wide on a screen of ${width} px`);
  }
}

/** Figures on screen are rounded. */
function near(shown, wanted) {
  return typeof wanted === "number" && typeof shown === "number" ? Math.abs(shown - wanted) < 0.001 : shown === wanted;
}
