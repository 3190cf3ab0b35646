import { run, inChunks, PRODUCERS, STEPS } from "./driver.mjs";
import { PgBoss } from "pg-boss";

const NOOP = "noop";
const CHAIN = "chain";

// Batched mode: as many jobs in a process's hands as graphile-worker's local queue has a worker
const BATCH = 500;
const BATCH_WORKERS = 5;
// A chain never has more than three jobs that can run
const CHAIN_WORKERS = 4;
// Seconds. Without a burst trigger a worker takes one job a poll: 25 a second with 50 workers. The
// trigger reads counts that are this old; at the default of 60 it would come minutes late.
const STATS = 2;

async function start(url, options) {
  const boss = new PgBoss({ connectionString: url, ...options });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  return boss;
}

const step = ([number, payload]) => ({ step: number, ...payload });

run({
  modes: ["plain", "batched"],

  async setup(url) {
    const boss = await start(url, { supervise: false, schedule: false });
    for (const name of [NOOP, CHAIN]) {
      if (!(await boss.getQueue(name))) await boss.createQueue(name, { notify: true });
    }
    await boss.stop();
  },

  async connect(url) {
    // A process that only sends leaves the housekeeping to the worker
    const boss = await start(url, { max: PRODUCERS, supervise: false, schedule: false, migrate: false });
    return {
      bulk: (count, runAt) => {
        const job = runAt ? { data: {}, startAfter: runAt.toISOString() } : { data: {} };
        return inChunks(count, 10_000, 1, (n) => boss.insert(NOOP, Array.from({ length: n }, () => job)));
      },
      one: (payload) => boss.send(NOOP, payload),
      chain: (payload) => boss.send(CHAIN, step([0, payload])),
      close: () => boss.stop({ graceful: false }),
    };
  },

  async work(url, concurrency, mode, bodies) {
    const batched = mode === "batched";
    const workers = batched ? Math.min(concurrency, BATCH_WORKERS) : concurrency;
    const boss = await start(url, {
      useListenNotify: true,
      // Each worker fetches and completes on its own; a transactional one holds a connection besides
      max: workers + 2 * CHAIN_WORKERS + 2,
      ...(batched ? {} : { superviseIntervalSeconds: STATS, monitorIntervalSeconds: STATS, queueCacheIntervalSeconds: STATS }),
    });
    // NOTIFY does not tell of a job that falls due later: the poll finds it, so it stays at its usual 2 s
    const poll = { pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 2 };
    if (batched) {
      // The workers together run --concurrency bodies at once, each its share out of the batch it holds
      const lanes = Math.ceil(concurrency / workers);
      const options = { ...poll, localConcurrency: workers, batchSize: BATCH, burstWhenBatchFull: true, perJobResults: true };
      await boss.work(NOOP, options, async (jobs) => {
        const results = [];
        let at = 0;
        const lane = async () => {
          while (at < jobs.length) {
            const { id, data } = jobs[at++];
            await bodies.noop(data);
            results.push({ id, status: "completed" });
          }
        };
        await Promise.all(Array.from({ length: lanes }, lane));
        return results;
      });
    } else {
      await boss.work(NOOP, { ...poll, localConcurrency: workers, burstWhenReadyExceeds: 1 }, async ([job]) => bodies.noop(job.data));
    }
    // The next jobs commit with the completion of this one
    await boss.work(CHAIN, { ...poll, localConcurrency: CHAIN_WORKERS, transactional: true }, ([job], db) =>
      bodies.step(job.data.step, job.data, (jobs) =>
        jobs.length > 1
          ? boss.insert(CHAIN, jobs.map((next) => ({ data: step(next) })), { db })
          : boss.send(CHAIN, step(jobs[0]), { db }),
      ),
    );
    return { stop: () => boss.stop({ timeout: 600_000 }) };
  },
});
