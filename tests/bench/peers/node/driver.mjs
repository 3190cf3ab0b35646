// The protocol of ../README.md, written once; a peer's file gives it the few calls that differ.
//
// A peer is an object:
//   modes           names that --mode may have; the first is the default
//   setup(url)      makes the tables
//   connect(url)    -> { bulk(n, runAt: Date|null), one(payload), chain(payload), close() }
//   work(url, concurrency, mode, bodies) -> { stop() }, resolved once it can take jobs
// bodies.noop(payload) is the no-op's body. bodies.step(step, payload, enqueue) is a chain job's:
// `enqueue([[step, payload], ..])` puts the next ones in, by the peer's own call.

import { parseArgs } from "node:util";
import { writeSync } from "node:fs";

export const STEPS = [
  "connectors_sync_cycle",
  "signals_extraction",
  "embeddings_run",
  "health_scoring",
  "kag_recommendations_refresh",
  "analytics_aggregates",
  "kag_v2_recommendations_refresh",
];
const NEXT = [[1, 2], [3, 4], [], [5], [6], [], []];

// Calls of one producer that may be under way at once: a slow peer must not hold back the schedule.
export const PRODUCERS = 20;

export const nowUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

// Synchronous, so that a line is out before the process ends. A full pipe is no error.
function say(value) {
  const line = Buffer.from(JSON.stringify(value) + "\n");
  for (let at = 0; at < line.length; ) {
    try {
      at += writeSync(1, line, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

class Bodies {
  done = 0;
  firstUs = null;
  lastUs = null;
  picked = [];
  hops = [];
  #ends = new Map();

  #ended(start, end) {
    this.done++;
    this.firstUs ??= start;
    this.lastUs = end;
  }

  noop(payload) {
    const start = nowUs();
    if (payload?.sent_us) this.picked.push(start - payload.sent_us);
    this.#ended(start, nowUs());
  }

  async step(step, { chain, of }, enqueue) {
    const start = nowUs();
    const next = NEXT[step].map((to) => [to, { chain, of }]);
    if (step >= 5) {
      const ends = (this.#ends.get(chain) ?? 0) + 1;
      this.#ends.set(chain, ends);
      if (ends === 2) {
        this.#ends.delete(chain);
        if (chain + 1 < of) next.push([0, { chain: chain + 1, of }]);
      }
    }
    if (next.length) await enqueue(next);
    const end = nowUs();
    this.hops.push([chain, step, start, end]);
    this.#ended(start, end);
  }
}

async function work(peer, url, concurrency, mode) {
  const bodies = new Bodies();
  const stopped = new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  const worker = await peer.work(url, concurrency, mode, bodies);
  say({ ready: true });
  let said = 0;
  const timer = setInterval(() => {
    if (bodies.done !== said) say({ done: (said = bodies.done) });
  }, 50);
  await stopped;
  await worker.stop();
  clearInterval(timer);
  say({
    end: true,
    done: bodies.done,
    first_us: bodies.firstUs,
    last_us: bodies.lastUs,
    picked_us: bodies.picked,
    hops: bodies.hops,
  });
}

// Absolute schedule: a late tick is made up for, so the rate holds whatever the timer's grain.
async function produce(link, rate, seconds) {
  const count = Math.round(rate * seconds);
  const start = performance.now();
  const calls = new Set();
  let failed = null;
  for (let sent = 0; sent < count && !failed; ) {
    const due = Math.min(count, Math.floor(((performance.now() - start) / 1000) * rate) + 1);
    while (sent < due && calls.size < PRODUCERS) {
      sent++;
      const call = link.one({ sent_us: nowUs() }).catch((error) => (failed = error));
      calls.add(call);
      call.finally(() => calls.delete(call));
    }
    if (calls.size >= PRODUCERS) await Promise.race(calls);
    else {
      const wait = start + (sent / rate) * 1000 - performance.now();
      await new Promise((resolve) => (wait > 1 ? setTimeout(resolve, wait - 1) : setImmediate(resolve)));
    }
  }
  await Promise.all(calls);
  if (failed) throw failed;
}

function usage(message) {
  console.error(message);
  process.exit(2);
}

export async function run(peer) {
  process.env.NODE_ENV ??= "production";
  const number = (name, value) => {
    const n = Number(value);
    if (!(n >= 0)) usage(`--${name} wants a number`);
    return n;
  };
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: Object.fromEntries(
        ["url", "count", "in-seconds", "concurrency", "mode", "rate", "seconds", "chains"].map((name) => [name, { type: "string" }]),
      ),
    });
  } catch (error) {
    usage(error.message);
  }
  const { values: args, positionals } = parsed;
  const command = positionals[0];
  if (!args.url) usage("--url is missing");
  const mode = args.mode ?? peer.modes[0];
  if (!peer.modes.includes(mode)) usage(`no mode ${mode}: this peer has ${peer.modes.join(" and ")}`);
  const linked = async (act) => {
    const link = await peer.connect(args.url);
    try {
      await act(link);
    } finally {
      await link.close();
    }
  };
  switch (command) {
    case "setup":
      await peer.setup(args.url);
      break;
    case "enqueue": {
      const seconds = number("in-seconds", args["in-seconds"] ?? 0);
      const runAt = seconds ? new Date(Date.now() + seconds * 1000) : null;
      await linked((link) => link.bulk(number("count", args.count), runAt));
      break;
    }
    case "work":
      await work(peer, args.url, number("concurrency", args.concurrency), mode);
      break;
    case "produce":
      await linked((link) => produce(link, number("rate", args.rate), number("seconds", args.seconds)));
      break;
    case "chain":
      await linked((link) => link.chain({ chain: 0, of: number("chains", args.chains ?? 1) }));
      break;
    default:
      usage("setup, enqueue, work, produce or chain");
  }
  process.exit(0);
}

/** Calls `put(n)` until `count` are in, `size` at a time, `lanes` at once. */
export async function inChunks(count, size, lanes, put) {
  let left = count;
  const lane = async () => {
    while (left > 0) {
      const n = Math.min(size, left);
      left -= n;
      await put(n);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
