// jobs.toml changed in the browser: a connection drawn and one removed, a condition and a delay, a schedule,
// the preview, the save with comments kept; a mistake that cannot be saved; a change on disk behind the page's
// back, and a rebase onto it; undo by the history. Each milestone is one line of output.
//
// CASCADE_URL, ARTEFACTS (folder for screenshots), CONFIG: the host's jobs.toml on disk, a copy of the
// repository's with `path = "plugins/` made absolute. It is written to.
import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { until } from "./page.mjs";

const { CASCADE_URL: url, ARTEFACTS: artefacts, CONFIG: file } = process.env;
const first = readFileSync(file, "utf8");
const comments = (text) => text.split("\n").filter((line) => line.trim().startsWith("#"));
const inForce = async () => (await fetch(`${url}/api/jobs/config`)).json();

export default async function (browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale: "en-GB", colorScheme: "light" });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // A conflict is an answer of 409, which the browser writes into its console by itself.
    if (message.type() === "error" && !/status of 409/.test(message.text())) problems.push(message.text());
  });
  const bar = page.getByTestId("draft-bar");
  const changes = bar.getByTestId("changes");
  const save = bar.getByTestId("save");
  const tab = (name) => page.getByRole("navigation", { name: "Configuration" }).getByRole("link", { name });
  const code = page.getByTestId("code");

  await page.goto(url);
  await page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
  await page.getByRole("link", { name: "Configuration" }).click();
  await page.getByTestId("graph").locator(".react-flow__edge").first().waitFor();
  assert.equal(await save.count(), 0, "there is nothing to save yet");
  await shot("cascades-light");

  await drag("embeddings_run", "analytics_aggregates");
  await page.locator("[data-testid=chain][data-job=embeddings_run]").getByText("analytics_aggregates").waitFor();
  await page.locator('.react-flow__edge[data-id="embeddings_run>analytics_aggregates"]').waitFor();
  console.log("edge drawn");

  // A connection that would close a cycle is refused where it is drawn, with the way back to its start.
  const place = () => page.locator('.react-flow__node[data-id="analytics_aggregates"]').boundingBox();
  const stood = await place();
  await drag("analytics_aggregates", "embeddings_run");
  await page.getByTestId("cycle").getByText("embeddings_run").waitFor();
  assert.equal(await page.getByTestId("cycle").locator("code").count(), 3);
  assert.equal(await page.locator('.react-flow__edge[data-id="analytics_aggregates>embeddings_run"]').count(), 0);
  assert.deepEqual(await place(), stood, "jobs moved while a connection was drawn");
  await page.getByTestId("cycle").getByRole("button").click();
  console.log("cycle explained");

  await page.getByRole("button", { name: "Remove the connection from connectors_sync_cycle to embeddings_run" }).click();
  await gone(page.locator("[data-testid=chain][data-job=connectors_sync_cycle]").getByText("embeddings_run"));
  console.log("connection removed by the form");

  // A condition is written by the form, and the graph shows it.
  await page.getByRole("button", { name: "When signals_extraction triggers health_scoring" }).click();
  const form = page.getByTestId("edge-form");
  await form.getByLabel("Trigger when").selectOption("failure");
  await form.getByLabel("Only if this expression is true").fill("run.attempts > 1");
  await form.getByRole("button", { name: "Apply to draft" }).click();
  const conditional = page.locator("[data-testid=chain][data-job=signals_extraction]");
  await conditional.getByText("on failure, if run.attempts > 1").waitFor();
  await page.getByTestId("graph").getByText("on failure, if run.attempts").waitFor();
  await shot("cascades-condition");
  await bar.getByRole("button", { name: "Undo" }).click();
  await gone(conditional.getByText("on failure, if run.attempts > 1"));
  console.log("condition written by the form, and undone");

  // A delay too, tried on the output of the latest run before it is applied.
  await page.getByRole("button", { name: "When signals_extraction triggers health_scoring" }).click();
  await form.getByText("Several runs, args, delay").click();
  await form.getByLabel("After a delay").check();
  await form.getByLabel("Delay", { exact: true }).fill("30s");
  await form.getByTestId("edge-preview").getByText("1 run of health_scoring").waitFor();
  await shot("cascades-delay");
  await form.getByRole("button", { name: "Apply to draft" }).click();
  await conditional.getByText("30s later").waitFor();
  await page.getByTestId("graph").getByText("30s later").waitFor();
  await bar.getByRole("button", { name: "Undo" }).click();
  await gone(conditional.getByText("30s later"));
  console.log("delay written by the form, tried before, and undone");

  // On the keyboard too: a connection is selected and deleted, and undo brings it back.
  const edge = page.locator('.react-flow__edge[data-id="signals_extraction>health_scoring"]');
  await edge.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Delete");
  await gone(page.locator("[data-testid=chain][data-job=signals_extraction]").getByText("health_scoring"));
  await bar.getByRole("button", { name: "Undo" }).click();
  await page.locator("[data-testid=chain][data-job=signals_extraction]").getByText("health_scoring").waitFor();
  console.log("edge deleted by the keyboard, and undone");

  await tab("Data").click();
  const keys = page.locator("[data-testid=data-map] li[data-job=embeddings_run]");
  await keys.getByRole("button", { name: "messages" }).click();
  await keys.locator("[aria-pressed=true]", { hasText: "messages" }).waitFor();
  console.log("data key added");

  await tab("Jobs").click();
  await page.getByRole("navigation", { name: "Jobs" }).getByRole("button", { name: "health_scoring" }).click();
  const every = page.getByLabel("Interval", { exact: true });
  await until(async () => (await every.inputValue()) === "1h", "the form does not show what jobs.toml says");
  await every.fill("25m");
  await every.press("Enter");
  await changes.filter({ hasText: /^4 changes$/ }).waitFor();
  console.log("schedule changed");

  await page.reload();
  await changes.filter({ hasText: /^4 changes$/ }).waitFor();
  await until(async () => (await every.inputValue()) === "25m", "the form does not show the draft");
  assert.equal(await page.getByRole("link", { name: "Configuration" }).getAttribute("data-unsaved"), "true");
  assert.equal(readFileSync(file, "utf8"), first, "nothing is saved before Save");
  console.log("draft survived a reload");

  await bar.getByRole("button", { name: "Preview" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByTestId("diff").getByText("25m").waitFor();
  await shot("preview-light");
  await dialog.getByLabel("Comment for the history").fill("Embeddings by their own timer");
  const before = (await inForce()).loaded_at;
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.locator("[data-testid=saved][data-in-force]").waitFor({ timeout: 15_000 });
  const saved = readFileSync(file, "utf8");
  assert.deepEqual(comments(saved), comments(first), "comments were lost");
  assert.match(saved, /^embeddings_run = \["analytics_aggregates"\]$/m);
  assert.match(saved, /^connectors_sync_cycle = \["signals_extraction"\]$/m);
  assert.equal(saved.split("\n").length, first.split("\n").length + 1, "lines were moved about");
  const config = await inForce();
  assert.notEqual(config.loaded_at, before);
  assert.deepEqual(config.CASCADE_CHAINS.embeddings_run, ["analytics_aggregates"]);
  assert.deepEqual(config.JOB_TO_DATA_MAP.embeddings_run, ["portfolio", "messages"]);
  console.log("saved with comments kept, and in force");

  await tab("File").click();
  await code.waitFor();
  await typeAtEnd('\n[jobs.health_scorin]\nevery = "1h"\n');
  const mark = page.locator(".cm-lintRange-error").first();
  await mark.waitFor();
  await bar.getByText("1 error").waitFor();
  assert.ok(await save.isDisabled(), "an invalid text can be saved");
  await mark.hover();
  await page.locator(".cm-tooltip .cm-diagnostic").first().waitFor();
  await shot("diagnostic-light");
  await page.mouse.move(0, 0);
  await bar.getByRole("button", { name: "1 error" }).click();
  await bar.getByTestId("diagnostics").getByText("health_scorin").waitFor();
  assert.equal(readFileSync(file, "utf8"), saved);
  console.log("mistake marked in the text, Save disabled");

  await bar.getByRole("button", { name: "Discard" }).click();
  await changes.filter({ hasText: "No changes" }).waitFor();
  await bar.getByRole("button", { name: "Restore" }).click();
  await bar.getByText("1 error").waitFor();
  await bar.getByRole("button", { name: "Discard" }).click();
  await changes.filter({ hasText: "No changes" }).waitFor();
  console.log("discarded");

  await code.press("Control+End");
  await page.keyboard.type("\n[jobs.health_scoring.");
  const options = page.locator(".cm-tooltip-autocomplete");
  await options.getByText("params").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await changes.filter({ hasText: "No changes" }).waitFor();
  console.log("completed");

  await tab("Jobs").click();
  await page.getByRole("navigation", { name: "Jobs" }).getByRole("button", { name: "signals_extraction" }).click();
  await every.fill("45m");
  await every.press("Enter");
  await changes.filter({ hasText: /^1 change$/ }).waitFor();
  behind((text) => text.replace('timeout = "5m"', 'timeout = "6m"').replace("# Projects,", "# Edited on disk.\n# Projects,"));
  const conflict = page.getByTestId("conflict");
  await conflict.waitFor({ timeout: 30_000 });
  await conflict.getByTestId("diff").getByText("# Edited on disk.").waitFor();
  assert.ok(await save.isDisabled(), "saved over a change on disk");
  await shot("conflict-light");
  console.log("change on disk told");
  await conflict.getByRole("button", { name: "My changes", exact: true }).click();
  await conflict.getByTestId("diff").getByText("45m").waitFor();
  await conflict.getByTestId("rebase").click();
  await page.getByRole("dialog").getByTestId("diff").getByText("45m").waitFor();
  assert.equal(await page.getByRole("dialog").getByText("# Edited on disk.").count(), 0, "what is on disk is no change of mine");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await until(() => /every = "45m"/.test(readFileSync(file, "utf8")), "the rebased text was not saved");
  const rebased = readFileSync(file, "utf8");
  assert.ok(rebased.includes("# Edited on disk.") && rebased.includes('timeout = "6m"'), "the change on disk was lost");
  await page.locator("[data-testid=saved][data-in-force]").waitFor({ timeout: 15_000 });
  console.log("rebased and saved");

  // The same key on both sides, found out only by saving: the page is not told of this one.
  await every.fill("40m");
  await every.press("Enter");
  await changes.filter({ hasText: /^1 change$/ }).waitFor();
  await page.route("**/api/jobs/config/text", (route) => (route.request().method() === "GET" ? new Promise(() => {}) : route.continue()));
  await until(() => save.isEnabled(), "valid, and cannot be saved");
  behind((text) => text.replace('every = "45m"', 'every = "50m"'));
  await save.click();
  await conflict.getByText("Changed on both sides").waitFor();
  await conflict.getByText("jobs.signals_extraction.every").waitFor();
  assert.ok(readFileSync(file, "utf8").includes('"50m"'), "a conflict was saved over");
  await page.unroute("**/api/jobs/config/text");
  await conflict.getByRole("button", { name: "Merge manually" }).click();
  await conflict.getByRole("button", { name: "Use the version on disk" }).click();
  await shot("merge-light");
  await conflict.getByRole("button", { name: "Use merged text" }).click();
  await gone(conflict);
  // The field follows the draft, a render later.
  await until(async () => (await every.inputValue()) === "50m", "the form does not show the merged text");
  console.log("conflict found on save, merged manually");

  await tab("History").click();
  const items = page.getByTestId("history-item");
  await items.filter({ hasText: "Embeddings by their own timer" }).waitFor();
  await items.last().click();
  await page.getByTestId("diff").getByText("embeddings_run").first().waitFor();
  await shot("history-light");
  await page.getByTestId("restore").click();
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await until(() => readFileSync(file, "utf8") === first, "the first text did not come back");
  await until(async () => JSON.stringify((await inForce()).CASCADE_CHAINS.connectors_sync_cycle).includes("embeddings_run"), "not in force");
  console.log("undone by the history");

  await page.getByRole("button", { name: "Dark theme" }).click();
  for (const [name, ready] of SCREENS()) {
    await tab(name).click();
    await ready.first().waitFor();
    await shot(`${name.toLowerCase()}-dark`);
  }
  await page.setViewportSize({ width: 360, height: 800 });
  for (const theme of ["dark", "light"]) {
    if (theme === "light") {
      await page.getByTestId("menu-button").click();
      await page.getByRole("button", { name: "Light theme" }).click();
    }
    for (const [name, ready] of SCREENS().filter(([name]) => name !== "Cascades" || theme)) {
      await page.goto(`${url}/config/${name.toLowerCase()}`);
      await (name === "Cascades" ? page.getByTestId("chain") : ready).first().waitFor();
      await shot(`${name.toLowerCase()}-${theme}-360`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${name} is ${wide} px wide on a screen of 360 px`);
    }
  }
  assert.deepEqual(problems, []);
  console.log("done");

  function SCREENS() {
    return [
      ["Cascades", page.locator(".react-flow__edge")],
      ["Data", page.getByTestId("data-map")],
      ["Jobs", page.getByTestId("job-settings")],
      ["File", code],
      ["History", page.getByTestId("history-item")],
    ];
  }

  async function drag(from, to) {
    // Nodes move into place once the graph has its size.
    await page.waitForTimeout(400);
    const source = await page.locator(`.react-flow__node[data-id="${from}"] .react-flow__handle.source`).boundingBox();
    const target = await page.locator(`.react-flow__node[data-id="${to}"] .react-flow__handle.target`).boundingBox();
    const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
    await page.mouse.move(...middle(source));
    await page.mouse.down();
    await page.mouse.move(...middle(target), { steps: 12 });
    await page.mouse.up();
  }

  async function typeAtEnd(text) {
    await code.press("Control+End");
    await page.keyboard.insertText(text);
  }

  /** An editor of somebody else: saved by rename. */
  function behind(change) {
    writeFileSync(`${file}.new`, change(readFileSync(file, "utf8")));
    renameSync(`${file}.new`, file);
  }

  async function shot(name) {
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(artefacts, `rewire-${name}.png`) });
  }
}

function gone(locator) {
  return locator.waitFor({ state: "detached" });
}
