// How long a person waits for the first row of a screen: the median of some loads, each in a fresh browser profile, and
// once more with what that has cached; the processor time of the page's main thread; what came over the network. A host with
// much on it shows what is slow at size. Changes nothing, and says how busy the machine was.
//
//   CASCADE_URL=http://127.0.0.1:7878 node tests/browser/speed.mjs [NAME...]
//   TIMES=5        loads of each screen
//   KBIT=400       over a line of so many kbit/s, with a delay of 40 ms
//   PROFILES=/tmp  keeps a CPU profile of the first load of each screen, for the browser's developer tools
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";

import { launch } from "./page.mjs";

const { CASCADE_URL: url, TIMES = "5", KBIT, PROFILES } = process.env;
const named = process.argv.slice(2);

/** The address of each screen, and what has to be there. */
const SCREENS = {
  tower: ["/", "[data-testid=portfolio-card] [data-testid=health-score]"],
  jobs: ["/jobs", "[data-testid=summary-row], [data-testid=job-row]"],
  // The graph, or the list that stands for it until its code has come.
  graph: ["/graph", "[data-testid=graph-node], [data-testid=graph-row]"],
  problems: ["/problems", "[data-testid=problem]"],
  runs: ["/runs", "[data-testid=run-row]"],
};

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Asks at each frame whether it is there, from the first on. */
const watch = (wanted) => {
  window.firstRow = new Promise((resolve) => {
    const look = () => {
      if (document.querySelector(wanted)) requestAnimationFrame(() => resolve(performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
};

async function load(context, [path, wanted], profile) {
  const page = await context.newPage();
  await page.addInitScript(watch, wanted);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await cdp.send("Network.enable");
  if (KBIT) {
    const bytes = (Number(KBIT) * 1000) / 8;
    const line = { offline: false, latency: 40, downloadThroughput: bytes, uploadThroughput: bytes };
    await cdp.send("Network.emulateNetworkConditions", line);
  }
  let bytes = 0;
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  if (profile) {
    await cdp.send("Profiler.enable");
    await cdp.send("Profiler.start");
  }
  await page.goto(url + path, { waitUntil: "commit" });
  const waited = await page.evaluate(() => window.firstRow);
  const { metrics } = await cdp.send("Performance.getMetrics");
  if (profile) writeFileSync(profile, JSON.stringify((await cdp.send("Profiler.stop")).profile));
  const busy = metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  await page.close();
  return { waited, busy, painted, kB: bytes / 1000 };
}

if (PROFILES) mkdirSync(PROFILES, { recursive: true });
const browser = await launch();
console.log(`load before: ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
console.log("screen | first row, ms | from cache, ms | first paint, ms | main thread, ms | kB until then | slowest, ms");
for (const [name, screen] of Object.entries(SCREENS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const [fresh, cached] = [[], []];
  for (let time = 0; time < Number(TIMES); time++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale: "en-GB" });
    fresh.push(await load(context, screen, PROFILES && time === 0 && join(PROFILES, `${name}.cpuprofile`)));
    cached.push(await load(context, screen));
    await context.close();
  }
  const of = (loads, what) => Math.round(median(loads.map((load) => load[what])));
  const slowest = Math.round(Math.max(...fresh.map(({ waited }) => waited)));
  const figures = [of(fresh, "waited"), of(cached, "waited"), of(fresh, "painted"), of(fresh, "busy"), of(fresh, "kB"), slowest];
  console.log([name, ...figures].join(" | "));
}
console.log(`load after: ${loadavg().map((load) => load.toFixed(1)).join(" ")}`);
await browser.close();
