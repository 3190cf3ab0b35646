// Every screen in both themes and both languages: axe-core finds nothing against WCAG 2.2 AA, the
// layout does not jump while it loads, nothing is wider than a screen of 360 px, and no text is a bare key. Each screen is one line of output.
//
// CASCADE_URL: a host on the bundled sample, settled. ARTEFACTS: folder; a screenshot of each screen
// and theme is kept there. ONLY: addresses, comma-separated, to look at these alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { CASCADE_URL: url, ARTEFACTS: artefacts, ONLY: only } = process.env;
/** The sum of all jumps while a screen loads; what Web Vitals call good is below 0.1. */
const MOST_SHIFT = 0.02;
/** After so long without a change a screen is what it will be. */
const QUIET_MS = 150;
/** Of the bar at the top of a phone, in px: what is below it matters more. */
const HIGHEST_HEADER = 60;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const get = async (path) => (await (await fetch(`${url}/api${path}`)).json()).items;
const job = (await get("/jobs/types"))[0].name;
const [run] = await get("/jobs/runs?state=completed&job_type=health_scoring");

/** Address, and what must be done there first. */
const SCREENS = [
  ["/", async (page) => {
    await page.getByTestId("recommendation-item").first().waitFor();
    await page.getByTestId("factor").first().locator("summary").click();
  }],
  ["/?q=who+misses+the+deadline", (page) => page.locator(".pill", { hasText: "%" }).first().waitFor()],
  ["/graph"],
  ["/jobs", (page) => page.getByTestId("job-row").first().waitFor()],
  [`/jobs/${job}`],
  ["/runs"],
  [`/runs/${run.id}`],
  ["/problems"],
  ["/figures", (page) => page.getByTestId("figure-chart").first().waitFor()],
  ["/figures/workers", (page) => page.getByTestId("worker").first().waitFor()],
  ["/figures/hooks"],
  ["/data"],
  ["/data/recommendations", (page) => page.getByTestId("data-row").first().waitFor()],
  ["/data/messages", async (page) => {
    await page.getByTestId("row-open").first().click();
    await page.getByTestId("row-details").waitFor();
  }],
  ...["cascades", "data", "jobs", "file", "history"].map((tab) => [`/config/${tab}`]),
  ["/nothing-is-here"],
].filter(([path]) => !only || only.split(",").includes(path));

const faults = [];

export default async function (browser) {
  // Two at a time: a page waits for its renderer most of the time.
  for (const language of ["en", "ru"]) await Promise.all(["light", "dark"].map((theme) => lookAt(browser, language, theme)));
  for (const fault of faults) console.error(fault);
  assert.equal(faults.length, 0, `${faults.length} faults`);
}

async function lookAt(browser, language, theme) {
  // Flashes and fades would be measured half-way.
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, reducedMotion: "reduce" });
  await context.addInitScript(([language, theme]) => {
    localStorage.setItem("cascade.language", language);
    localStorage.setItem("cascade.theme", theme);
  }, [language, theme]);
  await context.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        if (!hadRecentInput) window.shifts.push([value, ...sources.map(({ node }) => node?.className || node?.nodeName)]);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("console", (message) => message.type() === "error" && faults.push(`${page.url()}: ${message.text()}`));
  for (const [path, prepare] of SCREENS) {
    const name = path.replace(run.id, "run").replace(/\W+/g, "-").replace(/^-|-$/g, "") || "tower";
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.goto(url + path);
    await page.locator("main h1").first().waitFor();
    await prepare?.(page);
    await settled(page);
    const shifts = await page.evaluate(() => window.shifts);
    const shift = shifts.reduce((sum, [value]) => sum + value, 0);
    if (shift > MOST_SHIFT) faults.push(`${path} ${language} ${theme}: the layout jumped by ${shift}: ${JSON.stringify(shifts)}`);
    const wide = await check(page, `${path} ${language} ${theme}`);
    await page.screenshot({ path: join(artefacts, `page-${name}-${theme}-${language}.png`), fullPage: true });
    if (theme === "light") await linksAreWhole(page, `${path} ${language}`);
    await page.setViewportSize({ width: 360, height: 800 });
    await settled(page);
    const header = await page.locator("header.top").evaluate((top) => top.getBoundingClientRect().height);
    if (header > HIGHEST_HEADER) faults.push(`${path} ${language}: the header is ${header} px high on a phone`);
    if (path === "/jobs") {
      await page.getByTestId("menu-button").click();
      await page.getByRole("navigation").first().getByRole("link").first().waitFor();
    }
    const narrow = await check(page, `${path} ${language} ${theme} 360 px`);
    if (language === "en") await page.screenshot({ path: join(artefacts, `page-${name}-${theme}-360.png`), fullPage: true });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) faults.push(`${path} ${language}: ${width} px wide on a screen of 360 px`);
    const bare = await page.evaluate(() => /\b(tower|jobs|runs|config|graph|trace|joins|data|figures|workers|hooks|form|nav|palette)\.[a-z_]+(\.[a-z_]+)*\b(?!\()/.exec(document.querySelector("main").innerText)?.[0]);
    if (bare && !bare.endsWith(".toml")) faults.push(`${path} ${language}: the bare key ${bare}?`);
    console.log(`${path} ${language} ${theme}: ${wide + narrow} violations, layout shift ${shift.toFixed(4)}`);
  }
  await context.close();
}

/** Of the places at the top none is cut where they are all shown. */
async function linksAreWhole(page, where) {
  for (const width of [1440, 1366, 1200, 1024]) {
    await page.setViewportSize({ width, height: 1000 });
    const [room, needed] = await page.locator("#main-nav").evaluate((nav) => [nav.clientWidth, nav.scrollWidth]);
    if (needed > room) faults.push(`${where}: the links at the top have ${room} of ${needed} px at a width of ${width}`);
  }
}

async function check(page, where) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  // An experimental rule, off by itself: it takes all the text in a node of the graph for its label.
  const rules = { "label-content-name-mismatch": { enabled: false } };
  const options = { runOnly: RULES, rules, resultTypes: ["violations"] };
  const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
  for (const { id, help, nodes } of violations) {
    faults.push(`${where}: ${id}: ${help}: ${nodes.map((node) => `${node.html.slice(0, 160)} (${node.any[0]?.message ?? ""})`).slice(0, 3).join(" | ")}`);
  }
  return violations.length;
}

/** Nothing loads or moves any more: nothing in the document has changed for a while. */
async function settled(page) {
  await page.waitForFunction(() => !document.querySelector("main .skeleton, main [aria-busy=true]"), undefined, { timeout: 15_000 }).catch(() => faults.push(`${page.url()}: still loading`));
  await page.evaluate((ms) => new Promise((resolve) => {
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve(observer.disconnect()), ms);
    };
    const observer = new MutationObserver(wait);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    wait();
  }), QUIET_MS);
}
