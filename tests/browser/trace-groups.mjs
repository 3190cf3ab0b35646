// Many runs of one cause as one row of the trace: unfolded, retried, cancelled; a run that is marked as done and run again.
//
// For tests/e2e/trace_groups.rs: CASCADE_URL, ARTEFACTS; FAN is a run whose 25 children are over, five of which failed,
// until the file FIXED is there.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import { accessible, get, isTooWide, open, run } from "./control-room.mjs";
import { until } from "./page.mjs";

export default async function (browser) {
  const { FAN: fan, FIXED: fixed } = process.env;
  const { page, problems, shot } = await open(browser, `/runs/${fan}`);
  const group = page.getByTestId("trace-group");
  await group.and(page.locator("[data-job-type=child][data-total='25'][data-failed='5']")).waitFor();
  assert.equal(await page.getByTestId("trace-row").count(), 1, "the children are folded");
  await page.getByTestId("trace-hidden").getByText("20 more runs").waitFor();
  const unfold = group.getByRole("button", { name: "child × 25" });
  await unfold.click();
  await until(async () => (await page.getByTestId("trace-row").count()) === 26, "they did not unfold");
  await group.locator("[data-state=failed][data-count='5']").click();
  await until(async () => (await page.getByTestId("trace-row").count()) === 6, "the failed ones are not shown alone");
  await accessible(page, "a group that is unfolded");
  await shot("trace-group-light");
  console.log("unfolded");

  // One of them by hand, before.
  await page.locator("[data-testid=trace-row][data-state=failed] a").first().click();
  await page.getByTestId("why").getByText("Triggered").waitFor();
  await page.getByTestId("mark-done").click();
  await page.getByTestId("done-preview").locator("[data-job=grandchild][data-taken=true]").waitFor();
  await accessible(page, "the dialog of a run that is marked as done");
  assert.ok(await page.getByTestId("done-confirm").isDisabled(), "without a reason");
  await page.getByTestId("done-reason").fill("printed by hand");
  await page.getByTestId("done-confirm").click();
  await page.getByText(/marked as done by .*: printed by hand/).first().waitFor();
  await page.getByTestId("rerun").click();
  await page.getByTestId("rerun-preview").getByText("grandchild").waitFor();
  writeFileSync(fixed, "");
  await page.getByTestId("rerun-confirm").click();
  await page.getByTestId("rerun-answer").getByRole("link").click();
  await page.getByTestId("rerun-of").waitFor();
  console.log("marked as done, and run again");

  await page.goto(`${process.env.CASCADE_URL}/runs/${fan}`);
  await group.getByTestId("retry-failed").click();
  await page.locator("[data-testid=matching-count][data-count='4']").waitFor();
  await accessible(page, "the dialog of a retry");
  await page.getByTestId("matching-confirm").click();
  await page.locator("[data-testid=matching-progress][data-finished=true]").waitFor();
  await page.keyboard.press("Escape");
  await group.and(page.locator("[data-failed='0']")).waitFor();
  console.log("all failed ones retried");

  const { items: projects } = await get("/projects");
  const slow = await run("slow_fan", projects[0].id);
  const live = await open(browser, `/runs/${slow}`, { theme: "dark", width: 390, height: 900 });
  await live.page.locator("[data-testid=trace-group][data-total='21']").waitFor();
  assert.ok(!(await isTooWide(live.page)), "too wide at 390 px");
  await live.page.locator("[data-testid=trace-group] [data-state=running][data-count='2']").waitFor();
  await live.shot("trace-group-dark-390");
  await live.page.getByTestId("cancel-cascade").click();
  await live.page.getByTestId("cancel-preview").getByText("19 runs wait").waitFor();
  await accessible(live.page, "the dialog of a cancel");
  await live.shot("trace-cancel-dark-390");
  await live.page.getByTestId("cancel-cascade-confirm").click();
  await live.page.locator("[data-testid=matching-progress][data-finished=true]").waitFor();
  await live.page.keyboard.press("Escape");
  await live.page.locator("[data-testid=cascade-trace][data-live=false]").waitFor();
  const { items: left } = await get(`/jobs/runs?trace_id=${slow}&state=scheduled,available,running,retryable`);
  assert.deepEqual(left, []);
  console.log("cascade cancelled");

  await page.goto(`${process.env.CASCADE_URL}/jobs/after`);
  await page.getByTestId("why").getByTestId("reason").first().waitFor();
  await accessible(page, "the page of a job with why");
  await shot("job-why-light");
  assert.deepEqual([...problems, ...live.problems], []);
}
