// What is sent to a hook is shown with what became of it, and run again.
//
// CASCADE_URL: a host with the hook `push` of tests/e2e/hooks.rs and nothing sent yet. SECRET: of the hook. ARTEFACTS.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";

import { accessible, isTooWide } from "./control-room.mjs";
import { until, withPage } from "./page.mjs";

const { CASCADE_URL: url, ARTEFACTS: artefacts, SECRET: secret } = process.env;
const deliveries = async () => (await (await fetch(`${url}/api/hooks/push/deliveries`)).json()).items;

async function send(id, event, body) {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", secret).update(text).digest("hex");
  const headers = {
    "x-hub-signature-256": `sha256=${signature}`,
    "x-github-delivery": id,
    "x-github-event": event,
    "content-type": "application/json",
  };
  return (await fetch(`${url}/hooks/push`, { method: "POST", headers, body: text })).status;
}

export default async function (browser) {
  await withPage(browser, follow);
  // In the other language and theme.
  await withPage(browser, (page) => look(page, "ru-dark"), { locale: "ru-RU", colorScheme: "dark" });
}

async function follow(page) {
  await page.goto(`${url}/figures/hooks`);
  await page.getByTestId("hook").getByText("POST /hooks/push").waitFor();
  await page.getByText("Nothing has been sent yet.").waitFor();
  assert.equal(await send("d-1", "push", { repository: { full_name: "acme/site" } }), 202);
  assert.equal(await send("d-1", "push", { repository: { full_name: "acme/site" } }), 202);
  assert.equal(await send("d-2", "ping", { zen: "Keep it logically awesome." }), 200);
  assert.equal(await send("d-3", "push", { repository: "a text in place of an object, which is long" }), 422);
  await page.reload();
  const rows = page.getByTestId("delivery");
  await rows.first().waitFor();
  assert.deepEqual(await rows.evaluateAll((all) => all.map((row) => row.dataset.outcome)), ["refused", "ignored", "run"]);
  assert.match(await rows.last().innerText(), /d-1[^]*received 2 times/);
  await look(page, "en-light");

  await page.getByRole("combobox", { name: "Filter by outcome" }).selectOption("run");
  await until(() => page.url().includes("outcome=run"), "the filter is not in the address");
  await until(async () => (await rows.count()) === 1, "other outcomes are shown too");
  await rows.first().getByRole("button").click();
  const details = page.getByTestId("delivery-details");
  await details.waitFor();
  await page.getByText('"full_name": "acme/site"').waitFor();
  await page.getByText("x-github-event: push").waitFor();
  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await accessible(page, `a delivery at ${width} px`);
    await page.screenshot({ path: join(artefacts, `hooks-delivery-${width}.png`) });
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
  await page.getByTestId("replay").click();
  await accessible(page, "the question whether to run it again");
  await page.getByTestId("replay-confirm").click();
  await page.getByRole("link", { name: "A new run was created." }).waitFor();
  const [newest] = await deliveries();
  assert.ok(newest.replay_of && newest.run_id, JSON.stringify(newest));
  await page.keyboard.press("Escape");
  await until(async () => (await rows.count()) === 2, "the new delivery is not shown");
  await rows.first().getByRole("link").click();
  await until(() => page.url().includes(`/runs/${newest.run_id}`), "its run is not shown");
  await page.getByTestId("asked-by").getByText("hook push").waitFor();
  console.log("repeated");
}

async function look(page, name) {
  await page.goto(`${url}/figures/hooks`);
  await page.getByTestId("delivery").first().waitFor();
  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => window.scrollTo(0, 0));
    assert.ok(!(await isTooWide(page)), `hooks are wider than ${width} px`);
    await accessible(page, `hooks at ${width} px, ${name}`);
    await page.screenshot({ path: join(artefacts, `hooks-${name}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
}
