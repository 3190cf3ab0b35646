// A log of as many lines as are kept: how long it takes to open it, to reach its end, to search and to download it.
// Prints a figure a line, in ms.
//
// CASCADE_URL: a host. RUN: a run that is over. LINES: of its log, each `line N of many`. ARTEFACTS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { open } from "./control-room.mjs";

const { RUN: id, LINES = "100000" } = process.env;

export default async function (browser) {
  const { page, shot } = await open(browser, "/problems");
  const line = (nth) => page.getByTestId("log-line").filter({ hasText: new RegExp(`line ${nth} `) });
  const count = (lines) => page.locator(`[data-testid=log-count][data-total="${lines}"]`).waitFor();
  const timed = async (what, work) => {
    const began = performance.now();
    await work();
    console.log(`${what}: ${Math.round(performance.now() - began)} ms`);
  };
  await timed("open the page of the run", async () => {
    await page.goto(new URL(`/runs/${id}`, page.url()).href);
    await line(1).waitFor();
    await count(LINES);
  });
  await timed("jump to the end", async () => {
    await page.getByRole("button", { name: "Follow" }).click();
    await line(LINES).waitFor();
  });
  await page.getByRole("button", { name: "Follow" }).click();
  for (const [what, text, found] of [["one line", `line ${Number(LINES) - 5} `, 1], ["no line", "nothing of this kind", 0]]) {
    await timed(`search: ${what}`, async () => {
      await page.getByTestId("log-search").fill(text);
      await count(found);
    });
  }
  await timed("search: every line", async () => {
    await page.getByTestId("log-search").fill("of many");
    await page.locator(".log mark", { hasText: "of many" }).first().waitFor();
  });
  await shot("log-100000");
  await page.getByTestId("log-search").fill("");
  await count(LINES);
  await timed("download", async () => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("log-download").click()]);
    const text = readFileSync(await file.path(), "utf8");
    assert.equal(text.trim().split("\n").length, Number(LINES));
    console.log(`file: ${Math.round(text.length / 1e6)} MB`);
  });
}
