// What the scripts of this folder share: Chromium, a page that keeps what it complains about, waiting.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

export const web = new URL("../../web/", import.meta.url);
const { chromium } = createRequire(new URL("package.json", web))("playwright-core");

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
      "--no-first-run", "--disable-component-update", "--disable-sync",
    ],
  });

/**
 * Runs `test` with a page, which afterwards must not have complained, but for what `expected` matches: uncaught
 * errors and console.error, which is how React tells of equal keys.
 */
export async function withPage(browser, test, { expected = /^$/, ...options } = {}) {
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
    throw error;
  }
  await context.close();
}

/** Asks until it holds; what it came to is the result. */
export async function until(holds, message) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const result = await holds();
    if (result) return result;
    assert.ok(Date.now() < deadline, message);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
