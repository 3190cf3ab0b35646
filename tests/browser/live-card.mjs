// Opens the UI, adds a message to a mailbox, presses "Run now" and sees the card change: by the
// event stream, since the page's polling is switched off. Saves screenshots on the way.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

const { CASCADE_URL: url, INBOX: inbox, ARTEFACTS: artefacts } = process.env;

export default async function (browser) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, locale: "en-GB" });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  // Level 1 off: intervals of ten seconds and more never fire.
  await page.addInitScript(() => {
    const real = window.setInterval.bind(window);
    window.setInterval = (run, ms, ...rest) => (ms >= 10_000 ? 0 : real(run, ms, ...rest));
  });
  let loads = 0;
  page.on("load", () => loads++);

  await page.goto(url);
  await page.locator('[data-testid=connection-badge][data-state=live]').waitFor();
  const total = page.locator('[data-testid=portfolio-card][data-project-slug=atlas] [data-testid=messages-total]');
  await total.waitFor();
  const before = Number(await total.innerText());
  assert.ok(before > 100, `only ${before} messages`);
  await page.locator("[data-testid=message-item]").first().waitFor();
  await page.locator("[data-testid=recommendation-item]").first().waitFor();
  await page.locator(".trend svg").first().waitFor();
  await page.screenshot({ path: join(artefacts, "control-tower.png"), fullPage: false });

  const now = new Date().toUTCString().replace("GMT", "+0000");
  appendFileSync(
    inbox,
    `From nina@example.org ${now}\nFrom: Nina <nina@example.org>\nDate: ${now}\n` +
      `Message-ID: <fresh@example.org>\nSubject: Fresh news\n\nWe are blocked on the fresh news.\n\n`,
  );
  const { items } = await (await fetch(`${url}/api/projects`)).json();
  const project_id = items.find((project) => project.slug === "atlas").id;
  const answer = await fetch(`${url}/api/jobs/connectors_sync_cycle/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id }),
  });
  assert.equal(answer.status, 202);
  const pressed = Date.now();
  await page.waitForFunction(
    ([slug, wanted]) =>
      document.querySelector(`[data-project-slug=${slug}] [data-testid=messages-total]`)?.textContent === wanted,
    ["atlas", String(before + 1)],
    { timeout: 30_000 },
  );
  console.log(`card changed ${before} -> ${before + 1}, ${Date.now() - pressed} ms after the request`);
  await page.getByTestId("message-item").filter({ hasText: "We are blocked on the fresh news" }).first().waitFor();
  assert.equal(loads, 1, "the page was reloaded");

  await page.getByRole("link", { name: "Jobs" }).click();
  const row = page.locator("[data-testid=job-row][data-project-slug=cedar]").first();
  await row.waitFor();
  const { items: scheduled } = await (await fetch(`${url}/api/jobs/scheduler`)).json();
  assert.equal(await page.locator("[data-testid=job-row]").count(), scheduled.length);
  await row.getByTestId("run-now").click();
  await page.screenshot({ path: join(artefacts, "jobs.png") });
  await page.getByTestId("language-switch").click();
  await page.getByRole("heading", { name: "Задачи" }).waitFor();
  await page.screenshot({ path: join(artefacts, "jobs-ru.png") });
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto(url);
  await page.locator("[data-testid=portfolio-card]").first().waitFor();
  await page.screenshot({ path: join(artefacts, "control-tower-360.png") });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `the page is ${wide} px wide on a 360 px screen`);
  assert.deepEqual(problems, []);
}
