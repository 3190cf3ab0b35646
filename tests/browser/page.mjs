// A page of headless Chromium that keeps what it complains about: uncaught errors and console.error,
// which is how React tells of equal keys.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

export const web = new URL("../../web/", import.meta.url);
const { chromium } = createRequire(new URL("package.json", web))("playwright-core");

/** Runs `test` with a page; afterwards the page must not have complained, but for what `expected` matches. */
export async function withPage(name, test, { expected = /^$/, ...options } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
      "--no-first-run", "--disable-component-update", "--disable-sync",
    ],
  });
  const complaints = [];
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale: "en-GB", colorScheme: "light", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  try {
    await test(page);
    assert.deepEqual(complaints, []);
  } catch (error) {
    for (const complaint of complaints) console.error(complaint);
    await page.screenshot({ path: join(process.env.ARTEFACTS, `${name}-failure.png`) });
    throw error;
  } finally {
    await browser.close();
  }
}

export async function until(holds, message) {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, message);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
