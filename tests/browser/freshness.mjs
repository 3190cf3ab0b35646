// Freshness: one event stream for all tabs, in a SharedWorker and without one; a leading tab that closes
// is followed by another, and nothing is lost; hidden tabs do not fetch and are fresh on return; the
// badge tells how events come; polling is slow beside a live stream and exact without one. Each
// milestone is one line of output.
//
// CASCADE_URL: a host on the bundled sample, settled, with no other page open. It is reached through
// a proxy of this script, which can refuse the stream or break every connection.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";

import { until } from "./page.mjs";

const { CASCADE_URL: host } = process.env;

/** open, no-stream or cut. */
let mode = "open";
const sockets = new Set();
const proxy = createServer((incoming, outgoing) => {
  if (mode === "no-stream" && incoming.url.startsWith("/api/events/stream")) return outgoing.writeHead(503).end();
  const through = request(new URL(incoming.url, host), { method: incoming.method, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  through.on("error", () => outgoing.destroy());
  outgoing.on("close", () => through.destroy());
  incoming.pipe(through);
});
proxy.on("connection", (socket) => {
  if (mode === "cut") return socket.destroy();
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${proxy.address().port}`;
const breakAll = () => sockets.forEach((socket) => socket.destroy());

const { items: projects } = await (await fetch(`${host}/api/projects`)).json();
const [atlas, cedar] = ["atlas", "cedar"].map((slug) => projects.find((project) => project.slug === slug));
const hide = (page, hidden) => page.evaluate((hidden) => window.hide(hidden), hidden);
const live = (page) => page.locator("[data-testid=connection-badge][data-state=live]").waitFor();

let browser;
export default async function (given) {
  browser = given;
  try {
    await oneForAll("a SharedWorker");
    await oneForAll("Web Locks", () => delete window.SharedWorker);
    await hidden();
    await badge();
    await rhythm();
  } finally {
    proxy.close();
    breakAll();
  }
}

async function oneForAll(how, before = () => {}) {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.addInitScript(before);
  const first = await open(await context.newPage(), "/");
  await live(first);
  await until(async () => (await connections()) === 1, "no stream was opened");
  const scoped = await open(await context.newPage(), "/?project=atlas");
  const all = await open(await context.newPage(), "/jobs");
  await Promise.all([scoped, all].map(live));
  // A moment in which another one would have been opened.
  await sleep(1000);
  assert.equal(await connections(), 1);
  console.log(`${how}: three tabs, one connection`);

  const onScoped = count(scoped, "/api/data/portfolio");
  const onFirst = count(first, "/api/data/portfolio");
  await run("health_scoring", cedar);
  await until(() => onFirst() > 0, "a tab that shows all projects did not refetch");
  await sleep(500);
  assert.equal(onScoped(), 0, "a tab refetched for another project's event");
  await run("health_scoring", atlas);
  await until(() => onScoped() > 0, "a tab did not refetch for its own project's event");
  console.log(`${how}: each tab hears of its own project`);

  // Three runs that end together, after all that the ones before have caused.
  await settled();
  await sleep(500);
  const burst = count(first, "/api/data/portfolio");
  await Promise.all(projects.map((project) => run("analytics_aggregates", project)));
  await until(() => burst() > 0, "no refetch after a burst");
  await sleep(1000);
  assert.ok(burst() <= projects.length, `${burst()} refetches for ${projects.length} events`);
  console.log(`${how}: ${burst()} refetch for a burst of ${projects.length} events`);

  await first.close();
  const heard = count(scoped, "/api/data/portfolio");
  await run("health_scoring", atlas);
  await until(() => heard() > 0, "an event was lost when the first tab closed");
  await Promise.all([scoped, all].map(live));
  await until(async () => (await connections()) === 1, "not one connection after the first tab closed");
  console.log(`${how}: the first tab closed, the others stay live and lost nothing`);
  await context.close();
  await until(async () => (await connections()) === 0, "a connection was left behind");
}

async function hidden() {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const answered = await answers(page);
  await open(page, "/");
  await live(page);
  await page.getByTestId("recommendation-item").first().waitFor();
  await hide(page, true);
  await page.clock.install();
  await until(answered, "a request is not answered");
  const fetches = count(page, "/api/");
  await run("health_scoring", cedar);
  await settled();
  await forward(page, 200, answered);
  assert.equal(fetches(), 0, "a hidden tab fetched");
  console.log("hidden for 200 s, with an event: no fetch");
  const returned = Date.now();
  const portfolio = count(page, "/api/data/portfolio");
  const messages = count(page, "/api/data/messages");
  const advice = count(page, "/api/data/recommendations");
  await hide(page, false);
  await until(() => portfolio() > 0 && messages() > 0 && advice() > 0, "stale data were not refetched on return");
  console.log(`on return: all refetched, asked for within ${Date.now() - returned} ms`);
  await sleep(300);
  assert.deepEqual([portfolio(), messages(), advice()], [1, 1, 1], "more than one refetch each on return");
  await hide(page, true);
  await forward(page, 5, answered);
  await hide(page, false);
  await sleep(300);
  assert.deepEqual([portfolio(), messages(), advice()], [1, 1, 1], "fresh data were refetched on return");
  console.log("on return: one refetch each, none for what is fresh");
  await context.close();
}

async function badge() {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await open(await context.newPage(), "/");
  const state = page.getByTestId("connection-badge");
  const is = (name) => page.locator(`[data-testid=connection-badge][data-state=${name}]`).waitFor({ timeout: 40_000 });
  await is("live");
  const text = (await state.innerText()).replace(/\s+/g, " ");
  assert.match(text, /^Live (embedded|over Redis|over PostgreSQL)$/);
  console.log(`badge: ${text}`);
  for (const [next, name] of [["no-stream", "polling"], ["cut", "offline"], ["open", "live"]]) {
    mode = next;
    breakAll();
    await is(name);
    console.log(`badge: ${await state.innerText()}`);
  }
  await context.close();
}

async function rhythm() {
  // Seconds in which what is asked for how often: without a stream by the contract, beside one 5 times slower. The
  // next of each is due 20 s later, since some of its time is over when the page has come.
  const wanted = {
    "no-stream": [180, { "/api/data/portfolio": 6, "/api/data/messages": 9, "/api/data/recommendations": 4, "/api/projects": 3 }],
    open: [300, { "/api/data/portfolio": 2, "/api/data/messages": 3, "/api/data/recommendations": 1, "/api/projects": 1 }],
  };
  for (const [next, [seconds, times]] of Object.entries(wanted)) {
    mode = next;
    const context = await browser.newContext({ locale: "en-GB" });
    const page = await context.newPage();
    const answered = await answers(page);
    await page.clock.install();
    // What the page asks for as it opens, and again if that failed, is not part of the rhythm.
    const listed = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/projects" && response.ok());
    await page.goto(url);
    await page.getByTestId("recommendation-item").first().waitFor();
    await page.locator(`[data-testid=connection-badge][data-state=${next === "open" ? "live" : "polling"}]`).waitFor();
    await listed;
    await pause(page, answered);
    let at = 0;
    const asked = Object.keys(times).map((path) => turns(page, path, () => at));
    await forward(page, seconds, answered, (second) => (at = second));
    const counts = asked.map((each) => each.length);
    assert.deepEqual(counts, Object.values(times), `${Object.keys(times)} in ${seconds} s, ${next}, at ${JSON.stringify(asked)}`);
    console.log(`rhythm, ${next === "open" ? "stream live" : "no stream"}: ${JSON.stringify(times)} in ${seconds} s`);
    await context.close();
  }
  mode = "no-stream";
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const answered = await answers(page);
  await page.clock.install();
  await page.goto(`${url}/jobs`);
  await page.getByTestId("job-row").first().waitFor();
  await page.locator("[data-testid=connection-badge][data-state=polling]").waitFor();
  await pause(page, answered);
  const jobs = count(page, "/api/jobs/scheduler");
  await forward(page, 60, answered);
  assert.equal(jobs(), 4, "jobs in 60 s");
  console.log("rhythm, no stream: jobs 4 in 60 s");
  await context.close();
  mode = "open";
}

async function open(page, path) {
  // Headless tabs are never hidden.
  await page.addInitScript(() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
    window.hide = (next) => {
      hidden = next;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  await page.goto(url + path);
  return page;
}

/**
 * Says whether all is answered that the page has asked for: requests of data, and whether the owner of
 * the stream is there, which has 5 s of the page's time to say so.
 */
async function answers(page) {
  await page.addInitScript(() => {
    const channel = new BroadcastChannel("cascade.stream.1");
    channel.onmessage = ({ data: { kind } }) => {
      if (kind === "hello" || kind === "state") window.greets = kind === "hello";
    };
  });
  const asked = new Set();
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/") && !pathname.startsWith("/api/events/")) asked.add(request);
  });
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => asked.delete(request));
  return async () => asked.size === 0 && !(await page.evaluate(() => window.greets));
}

/** From now on the page's clock stands; it went on by itself. */
async function pause(page, answered) {
  await until(answered, "a request is not answered");
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
  await until(answered, "a request is not answered");
}

/** The page's clock goes on by so many seconds; what is asked for in each is answered before the next. */
async function forward(page, seconds, answered, tell = () => {}) {
  for (let at = 0; at < seconds; at++) {
    tell(at);
    await page.clock.runFor(1000);
    await until(answered, "a request is not answered");
  }
}

/** Waits until nothing runs or is about to. */
async function settled() {
  const unfinished = `${host}/api/jobs/runs?state=available,running,retryable&per_page=1`;
  await until(async () => (await (await fetch(unfinished)).json()).total === 0, "runs do not end");
}

/**
 * In which seconds the page asks for this from now on. Two parts of it that show the same have a timer each, and may ask one
 * just after the other: that is one turn.
 */
function turns(page, path, second) {
  const turns = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === path && !(second() - turns.at(-1) <= 1)) turns.push(second());
  });
  return turns;
}

/** How many requests the page makes from now on to addresses that begin so. */
function count(page, path) {
  let count = 0;
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (path.endsWith("/") ? pathname.startsWith(path) : pathname === path) count++;
  });
  return () => count;
}

async function connections() {
  const text = await (await fetch(`${host}/metrics`)).text();
  return Number(/^app_sse_connections_total (\d+)/m.exec(text)[1]);
}

async function run(job, project) {
  const answer = await fetch(`${host}/api/jobs/${job}/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id: project.id }),
  });
  assert.equal(answer.status, 202, await answer.text());
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
