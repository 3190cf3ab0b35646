// Runs scripts of this folder in one browser, one after the other: node run.mjs NAME...
//
// A script exports what it does with the browser, and closes nothing. One that fails leaves its pages as pictures in
// ARTEFACTS, and the next one runs.
import { join } from "node:path";

import { launch } from "./page.mjs";

const browser = await launch();
const failed = [];
for (const name of process.argv.slice(2)) {
  const began = Date.now();
  try {
    const { default: script } = await import(`./${name}.mjs`);
    await script(browser);
    console.log(`==> ${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(`==> ${name} failed:`, error);
    failed.push(name);
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const [at, page] of pages.entries()) {
      await page.screenshot({ path: join(process.env.ARTEFACTS, `${name}-failure-${at}.png`) }).catch(() => {});
    }
  }
  await Promise.all(browser.contexts().map((context) => context.close()));
}
await browser.close();
if (failed.length > 0) {
  console.error(`failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
