// Signing in and out, and what is seen of it: the sign-in page, roles, people, tokens, the audit log.
//
// For tests/e2e/browser.rs: CASCADE_URL, ARTEFACTS (folder for screenshots); a host with sign-in on and
// the repository's jobs.toml, its first cascades over. LINK: the link that it printed at its start,
// unused. USER and PASSWORD: a viewer of one project, made by `cascade user add USER --project
// SLUG=viewer --password-stdin`. The owner gets a password here, so a second pass needs a fresh host.
// Prints one line for each milestone.
import assert from "node:assert/strict";
import { join } from "node:path";

import { accessible, artefacts, isTooWide, url } from "./control-room.mjs";
import { until } from "./page.mjs";

const { LINK, USER, PASSWORD } = process.env;
const { pathname, search } = new URL(LINK, url);
const OWNERS = "correct horse battery staple";

let browser;
const problems = [];

async function context(theme = "light", width = 1440) {
  const made = await browser.newContext({
    viewport: { width, height: width < 500 ? 780 : 1000 },
    locale: "en-GB",
    colorScheme: theme,
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  made.on("page", (page) => {
    page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
    // That a request is refused is what is tested; the browser says so by itself.
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 40[13]/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
    });
  });
  return made;
}

const open = async (made, path) => {
  const page = await made.newPage();
  await page.goto(url + path);
  return page;
};
const shot = (page, name) => page.screenshot({ path: join(artefacts, `sign-in-${name}.png`) });
const isOut = (page, ms = 30_000) => page.getByTestId("sign-in").waitFor({ timeout: ms });
const isIn = (page) => page.getByTestId("user-menu").waitFor();
const live = (page) => page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
const menu = async (page, name) => {
  await page.getByTestId("user-menu").click();
  await page.locator(".user-menu .menu").getByText(name, { exact: true }).click();
};
const projects = (page) => page.getByRole("combobox", { name: "Project", exact: true }).first().locator("option").allTextContents();

async function signIn(page, name, password) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** In the other theme and on a small screen, with the session of a context. */
async function inAllSizes(made, path, name, ready) {
  const state = await made.storageState();
  for (const [theme, width] of [["dark", 1440], ["light", 360]]) {
    const other = await browser.newContext({ viewport: { width, height: 780 }, locale: "en-GB", colorScheme: theme, reducedMotion: "reduce", storageState: state });
    const page = await open(other, path);
    await ready(page);
    await shot(page, `${name}-${width < 500 ? width : theme}`);
    assert.equal(await isTooWide(page), false, `${path} on ${width} px`);
    await accessible(page, `${path} ${theme} ${width} px`);
    await other.close();
  }
}

export default async function (given) {
  browser = given;
  const one = await context();
  const page = await open(one, "/jobs?project=atlas");
  await isOut(page);
  assert.equal(new URL(page.url()).pathname, "/jobs", "the address stays");
  await shot(page, "page-light");
  await accessible(page, "sign-in page");
  await inAllSizes(one, "/jobs", "page", (page) => isOut(page));
  console.log("nobody signed in: the sign-in page, at whatever address");

  await signIn(page, USER, "not the right password");
  await page.getByTestId("sign-in-fault").getByText("Wrong name or password.").waitFor();
  await shot(page, "wrong");
  console.log("a wrong password is refused with words");

  const linked = await open(one, pathname + search);
  await isIn(linked);
  assert.equal(new URL(linked.url()).search, "");
  const history = await linked.evaluate(() => [location.href, document.referrer].join());
  assert.ok(!history.includes("link="));
  await live(linked);
  assert.ok((await projects(linked)).includes("All projects"));
  // The other tab hears of it.
  await isIn(page);
  assert.equal(new URL(page.url()).pathname, "/jobs");
  console.log("the link signs in, in all tabs, and leaves the address");

  const two = await context("dark");
  const late = await open(two, pathname + search);
  await late.getByTestId("sign-in-fault").getByText("This link is no longer valid.").waitFor();
  assert.ok(!late.url().includes("link="));
  await shot(late, "used-link-dark");
  console.log("a used link is refused kindly");

  const owner = (await linked.locator(".user-menu .who").textContent()) ?? "";
  await linked.getByTestId("user-menu").click();
  await accessible(linked, "user menu");
  await shot(linked, "menu");
  await linked.keyboard.press("Escape");
  await menu(linked, "Set password");
  await linked.getByLabel("New password", { exact: true }).fill(OWNERS);
  await accessible(linked, "password dialog");
  await shot(linked, "password");
  await linked.getByRole("button", { name: "Save password" }).click();
  await linked.getByTestId("password-set").waitFor();
  await linked.keyboard.press("Escape");
  console.log("a password is set");

  await menu(linked, "API tokens");
  await linked.getByLabel("Purpose").fill("nightly report");
  await linked.getByRole("combobox", { name: "Highest role" }).selectOption("viewer");
  await linked.getByRole("button", { name: "Create token" }).click();
  const token = await linked.getByTestId("secret").getByRole("textbox").inputValue();
  const bearer = { headers: { authorization: `Bearer ${token}` } };
  assert.equal((await fetch(`${url}/api/jobs/types`, bearer)).status, 200);
  await accessible(linked, "tokens dialog");
  await shot(linked, "tokens");
  await linked.getByRole("button", { name: "Revoke: nightly report" }).click();
  await linked.getByRole("button", { name: "Yes, revoke" }).click();
  await linked.getByTestId("token").waitFor({ state: "detached" });
  assert.equal((await fetch(`${url}/api/jobs/types`, bearer)).status, 401);
  await linked.keyboard.press("Escape");
  console.log("a token is made, works, and is revoked");

  await menu(linked, "People");
  await linked.getByLabel("Sign-in name").fill("grace");
  await linked.getByRole("button", { name: "Add", exact: true }).click();
  const handed = await linked.getByTestId("secret").getByRole("textbox").inputValue();
  const grace = linked.locator("[data-testid=person][data-name=grace]");
  await accessible(linked, "people");
  await shot(linked, "people-light");
  await inAllSizes(one, "/people", "people", (page) => page.getByTestId("person").first().waitFor());

  // Who has no project yet waits for one, and the page goes on by itself when it comes.
  const three = await context();
  const waiting = await open(three, new URL(handed).pathname + new URL(handed).search);
  await waiting.getByTestId("no-project").waitFor();
  await shot(waiting, "no-project");
  await accessible(waiting, "no project");
  await grace.locator("select").first().selectOption("editor");
  await grace.getByTestId("set-role").click();
  await grace.getByTestId("set-role").waitFor({ state: "detached" });
  await linked.waitForFunction(() => document.querySelector("[data-name=grace] select:not(:disabled)")?.value === "editor");
  await waiting.reload();
  await isIn(waiting);
  await grace.getByRole("button", { name: "Disable" }).click();
  await grace.getByText("disabled").waitFor();
  await isOut(waiting, 15_000);
  await three.close();
  console.log("a person is added, gets a role, and is kept out at once");

  await linked.goto(`${url}/jobs`);
  const row = linked.getByTestId("job-row").first();
  await row.getByTestId("run-now").click();
  await linked.waitForTimeout(300);
  await menu(linked, "Audit log");
  const entry = (action) => linked.locator(`[data-testid=audit-row][data-action="${action}"]`).first();
  for (const [action, words] of [
    ["run.start", "ran a job"],
    ["user.disable", "disabled a person"],
    ["member.set", "set a role"],
    ["token.revoke", "revoked an API token"],
    ["user.password", "set a password"],
    ["session.begin", "signed in"],
    ["session.refused", "failed to sign in"],
  ]) await entry(action).getByText(words, { exact: true }).waitFor();
  await entry("member.set").getByText("Details").click();
  await accessible(linked, "audit log");
  await shot(linked, "audit-light");
  await inAllSizes(one, "/audit", "audit", (page) => page.getByTestId("audit-row").first().waitFor());
  await linked.getByRole("searchbox").fill("token.");
  await linked.waitForURL(/q=token/);
  await entry("run.start").waitFor({ state: "detached" });
  await entry("token.add").waitFor();
  console.log("the audit log tells of all of it");

  const scope = (page) => page.locator(".top select");
  await linked.goto(`${url}/`);
  await live(linked);
  const [, slug] = await scope(linked).locator("option").evaluateAll((options) => options.map(({ value }) => value));
  const kept = linked.waitForResponse((answer) => answer.url().endsWith("/api/session/project"));
  await scope(linked).selectOption(slug);
  await linked.waitForURL(new RegExp(`project=${slug}`));
  await kept;
  const again = await open(one, "/runs");
  await isIn(again);
  await until(async () => (await scope(again).inputValue()) === slug, "the session keeps what it looks at");
  await scope(linked).selectOption("");
  await linked.waitForFunction(() => !location.search.includes("project="));
  await again.waitForFunction(() => document.querySelector(".top select").value === "");
  console.log("the session keeps the active project");

  await menu(linked, "Sign out");
  await isOut(linked);
  await isOut(again, 5000);
  console.log("signed out, in all tabs");

  const four = await context();
  const theirs = await open(four, "/jobs");
  await isOut(theirs);
  await signIn(theirs, USER, PASSWORD);
  await isIn(theirs);
  assert.equal(new URL(theirs.url()).pathname, "/jobs", "where they wanted to be");
  assert.equal((await projects(theirs)).length, 1);
  assert.ok(!(await projects(theirs)).includes("All projects"));
  await theirs.getByTestId("job-row").first().waitFor();
  assert.equal(await theirs.getByTestId("run-now").locator("visible=true").count(), await theirs.locator("[data-testid=run-now]:disabled").count());
  assert.equal(await theirs.getByRole("link", { name: "Configuration" }).count(), 0);
  await live(theirs);
  await accessible(theirs, "jobs of a viewer");
  await shot(theirs, "viewer-jobs");
  await theirs.getByTestId("job-row").first().getByRole("link").first().click();
  await theirs.getByTestId("run-form").getByText("Requires the editor role in the project.").waitFor();
  assert.ok(await theirs.getByTestId("run-form").getByRole("button", { name: "Run now" }).isDisabled());
  await shot(theirs, "viewer-job");
  await theirs.goto(`${url}/`);
  await theirs.getByTestId("recommendation-item").first().waitFor();
  assert.ok(await theirs.getByTestId("recommendation-item").first().getByRole("button").first().isDisabled());
  await theirs.getByTestId("user-menu").click();
  await theirs.getByTestId("sign-out").waitFor();
  assert.equal(await theirs.locator(".user-menu .menu a").count(), 0, "neither people nor audit log");
  await theirs.keyboard.press("Escape");
  for (const path of ["/people", "/config", "/audit"]) {
    await theirs.goto(url + path);
    await theirs.getByText(/^Requires/).first().waitFor();
  }
  await inAllSizes(four, "/jobs", "viewer-jobs", (page) => page.getByTestId("job-row").first().waitFor());
  console.log("a viewer sees one project, and may change nothing");

  // Two browsers, and two tabs in one of them.
  const first = await open(one, "/runs");
  await isOut(first);
  await signIn(first, owner, OWNERS);
  await live(first);
  const second = await open(one, "/graph");
  await live(second);
  const elsewhere = await open(two, "/data");
  await isOut(elsewhere);
  await signIn(elsewhere, owner, OWNERS);
  await live(elsewhere);
  await second.getByTestId("user-menu").click();
  await second.getByTestId("sign-out-everywhere").click();
  await shot(second, "everywhere");
  await second.getByTestId("confirm-everywhere").click();
  const start = Date.now();
  await isOut(second);
  await isOut(first, 5000);
  const tab = Date.now() - start;
  await isOut(elsewhere, 15_000);
  assert.equal(new URL(first.url()).pathname, "/runs");
  console.log(`signed out everywhere: the other tab after ${tab} ms, the other browser after ${Date.now() - start} ms`);

  // Where they were, and the stream with them.
  await signIn(first, owner, OWNERS);
  await isIn(first);
  assert.equal(new URL(first.url()).pathname, "/runs");
  await live(first);
  console.log("signed in again: where they were, and live");

  assert.deepEqual(problems, []);
}
