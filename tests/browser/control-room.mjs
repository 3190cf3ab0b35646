// What graph.mjs and runs.mjs share: a browser that keeps what goes wrong, and the host's API.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const { CASCADE_URL: url, ARTEFACTS: artefacts } = process.env;

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
      "--no-first-run", "--disable-component-update", "--disable-sync",
    ],
  });

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

/** What slow_job does when it starts next: its params in jobs.toml name the file. */
export const plan = (what) => writeFileSync(process.env.PLAN, JSON.stringify(what));

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

export async function until(what, condition, ms = 30_000) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const found = await condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${ms} ms`);
}
