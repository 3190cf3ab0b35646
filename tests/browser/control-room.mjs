// What graph.mjs, runs.mjs and sign-in.mjs share: pages that keep what goes wrong, and the host's API.
import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const { CASCADE_URL: url, ARTEFACTS: artefacts } = process.env;

/** A page, what it complained of and how often it was loaded. */
export async function open(browser, path, { theme = "light", width = 1440, height = 1000 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "en-GB",
    colorScheme: theme,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const problems = [];
  const seen = { loads: 0 };
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("load", () => seen.loads++);
  await page.goto(url + path);
  await page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
  return { page, problems, seen, shot: (name) => page.screenshot({ path: join(artefacts, `${name}.png`) }) };
}

export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

/** What opens on a screen has nothing that axe-core would report either. */
export async function accessible(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), RULES);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(told, [], what);
}

export const get = async (path) => (await fetch(`${url}/api${path}`)).json();

/** What slow_job does when it starts next, and which jobs are held after a step; see slow_job.toml. */
export function plan(what) {
  const { PLAN: file } = process.env;
  // The jobs read it at any time, and must not find half of it.
  writeFileSync(`${file}.new`, JSON.stringify(what));
  renameSync(`${file}.new`, file);
}

/** Runs a job; the id of its run. */
export async function run(job, project_id) {
  const answer = await fetch(`${url}/api/jobs/${job}/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id }),
  });
  const body = await answer.json();
  if (answer.status !== 202 || !body.run_id) throw new Error(`${job}: ${answer.status} ${JSON.stringify(body)}`);
  return body.run_id;
}
