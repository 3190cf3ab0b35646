// Configuration > Jobs: of two jobs that are opened one after the other only the second has a form, and what is
// changed there is saved in its table. Then the server goes away and comes back: a save that failed can be
// made again, and a part of the page that was not loaded comes by itself. "stop" and "start" are orders
// to the test.
//
// CASCADE_URL; ARTEFACTS; CONFIG: the host's jobs.toml on disk, a copy of the repository's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { until, withPage } from "./page.mjs";

const { CASCADE_URL: url, CONFIG: file } = process.env;
/** What Chromium itself writes when it finds nobody. */
const AWAY = /net::ERR_(CONNECTION|EMPTY|INCOMPLETE|FAILED|SOCKET|ABORTED)/;
const first = readFileSync(file, "utf8");
const table = (text, job) => text.split(/^(?=\[)/m).find((part) => part.startsWith(`[jobs.${job}]`));

export default (browser) => withPage(browser, async (page) => {
  const bar = page.getByTestId("draft-bar");
  const save = bar.getByTestId("save");
  const settings = page.getByTestId("job-settings");
  const choose = (job) => page.getByRole("navigation", { name: "Jobs" }).getByRole("button", { name: job }).click();
  const answers = () => fetch(`${url}/api/health`).then(({ ok }) => ok, () => false);

  await page.goto(`${url}/config/jobs?job=signals_extraction`);
  await settings.and(page.locator("[data-job=signals_extraction]")).waitFor();
  await choose("health_scoring");
  await settings.and(page.locator("[data-job=health_scoring]")).waitFor();
  for (const [form, count] of [[".job-form", 1], ["form.schema-form", 1], ["input[type=checkbox]", 1]]) {
    await until(async () => (await settings.locator(form).count()) === count, `not one ${form}`);
  }
  await settings.getByLabel("Enabled").click();
  await bar.getByText("1 change", { exact: true }).waitFor();
  await save.click();
  await page.locator("[data-testid=saved][data-in-force]").waitFor();
  const saved = readFileSync(file, "utf8");
  assert.match(table(saved, "health_scoring"), /^enabled = false$/m);
  assert.equal(saved.replace("enabled = false\n", ""), first, "more than the one job was changed");
  console.log("only the job on show was changed");

  await settings.getByLabel("Enabled").click();
  await bar.getByText("1 change", { exact: true }).waitFor();
  await until(() => save.isEnabled(), "a valid draft cannot be saved");
  console.log("stop");
  await until(async () => !(await answers()), "the host goes on");
  await save.click();
  await bar.getByRole("alert").getByText("The server does not respond.").waitFor();
  const part = page.waitForEvent("requestfailed", (request) => request.url().includes("/assets/"));
  await page.getByRole("navigation", { name: "Configuration" }).getByRole("link", { name: "Cascades" }).click();
  await part;
  assert.equal(await page.locator(".failure").count(), 0, "a part that was not loaded is an error");
  const banner = page.getByTestId("bus-banner");
  await banner.getByTestId("next-attempt").waitFor();
  await until(async () => /^Offline/.test(await page.title()), "the title does not tell that the server is away");
  await banner.getByRole("button", { name: "Retry now" }).click();
  console.log("start");
  await until(answers, "the host did not come back");
  const back = Date.now();
  await page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
  await banner.waitFor({ state: "detached" });
  console.log(`live again ${Date.now() - back} ms after the host answered`);
  await page.getByTestId("graph-node").first().waitFor({ timeout: 60_000 });
  const height = await page.getByTestId("graph").evaluate((graph) => graph.getBoundingClientRect().height);
  assert.ok(height > 200, "the part came without its stylesheet");
  console.log("the part came by itself");

  await bar.getByTestId("save-again").waitFor();
  assert.equal(await bar.getByRole("alert").count(), 0, "the outage is still told");
  await until(() => save.isEnabled(), "the draft cannot be saved again");
  await save.click();
  await page.locator("[data-testid=saved][data-in-force]").waitFor();
  assert.doesNotMatch(table(readFileSync(file, "utf8"), "health_scoring"), /^enabled = false$/m);
  console.log("saved again");
}, { expected: AWAY });
