// What fails is seen on the first screen and in the navigation, found under Problems, retried and handled.
//
// CASCADE_URL: a settled host with slow_job. PLAN: the file with its params. ARTEFACTS.
import assert from "node:assert/strict";
import { join } from "node:path";

import { plan } from "./control-room.mjs";
import { until, withPage } from "./page.mjs";

const { CASCADE_URL: url, ARTEFACTS: artefacts } = process.env;
const api = async (path, body) => {
  const init = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await fetch(`${url}/api${path}`, init)).json();
};
const failed = async (count) => (await api("/jobs/runs?state=failed&job_type=slow_job")).total === count;

export default (browser) => withPage(browser, async (page) => {
  plan({ steps: 1, pause_ms: 0, fail: "port 5432 refused the connection" });
  const { items: projects } = await api("/projects");
  await page.goto(url);
  await page.getByTestId("recommendation-item").first().waitFor();
  assert.equal(await page.getByTestId("attention").count(), 0);
  assert.equal(await page.getByTestId("problem-count").count(), 0);

  for (const { id } of projects) await api("/jobs/slow_job/run", { project_id: id });
  await until(() => failed(projects.length), "the runs did not fail");
  await page.getByTestId("attention").getByText("Runs fail in 3 places (1 error)").waitFor();
  assert.equal((await page.getByTestId("problem-count").innerText()).trim(), "1");
  console.log("seen on the first screen");

  await page.getByTestId("attention").getByRole("link").click();
  const problem = page.getByTestId("problem");
  await problem.getByText("port 5432 refused the connection").waitFor();
  await problem.getByText("still failing in 3 places").waitFor();
  await problem.getByText(/^In 3 places/).click();
  assert.equal(await problem.locator(".problem-places tr").count(), 3);
  await page.screenshot({ path: join(artefacts, "problems.png") });

  plan({ steps: 1, pause_ms: 0, fail: "" });
  await problem.getByTestId("problem-retry").click();
  await problem.getByText("succeeded since").waitFor();
  console.log("retried");

  await problem.getByTestId("problem-handled").click();
  await page.getByText("No run has failed, or every problem was handled.").waitFor();
  await until(async () => (await page.getByTestId("problem-count").count()) === 0, "it is still counted");
  await page.getByRole("button", { name: "Handled", exact: true }).click();
  await page.getByTestId("problem").waitFor();
  console.log("handled");

  plan({ steps: 1, pause_ms: 0, fail: "port 6543 refused the connection" });
  await api("/jobs/slow_job/run", { project_id: projects[0].id });
  await page.getByTestId("problem-count").waitFor();
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByTestId("problem").getByText("port 6543").waitFor();
  await page.getByLabel("Mute until").selectOption("8");
  await page.getByTestId("problem-mute").click();
  await page.getByText("No run has failed, or every problem was handled.").waitFor();
  await page.getByRole("button", { name: "Muted", exact: true }).click();
  await page.getByTestId("problem").getByRole("button", { name: "Reopen" }).click();
  await page.getByText("Nothing is muted.").waitFor();
  const audit = await api("/audit");
  const actions = audit.items.map(({ action }) => action);
  for (const action of ["problem.handled", "problem.mute", "problem.reopen"]) assert.ok(actions.includes(action), action);
  console.log("muted and reopened");
});
