import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { run as drive, inChunks, PRODUCERS, STEPS } from "./driver.mjs";

// As the project's own benchmark runs: else a log line is built for every job. Read at load time.
process.env.NO_LOG_SUCCESS ??= "1";
const { Logger, makeWorkerUtils, run, WorkerPreset } = await import("graphile-worker");

// Standard output belongs to the protocol; what is worth reading goes to standard error.
const logger = new Logger((scope) => (level, message) => {
  if (level === "error" || level === "warning") console.error(`${level} [${scope.label ?? "core"}] ${message}`);
});

// https://worker.graphile.org/docs/performance, "Quick stats", but for the size: as many as Cascade prefetches
const batching = { localQueue: { size: 2000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const preset = (url, worker) => ({
  extends: [WorkerPreset],
  worker: { connectionString: url, logger, ...worker },
});

const specs = (jobs) => jobs.map(([step, payload]) => ({ identifier: STEPS[step], payload }));

drive({
  modes: ["plain", "batched"],

  async setup(url) {
    const utils = await makeWorkerUtils({ preset: preset(url) });
    await utils.migrate();
    await utils.release();
  },

  async connect(url) {
    const utils = await makeWorkerUtils({ preset: preset(url, { maxPoolSize: PRODUCERS }) });
    return {
      bulk: (count, runAt) =>
        inChunks(count, 10_000, 1, (n) =>
          utils.addJobs(Array.from({ length: n }, () => ({ identifier: "noop", payload: {}, runAt: runAt ?? undefined }))),
        ),
      one: (payload) => utils.addJob("noop", payload),
      chain: (payload) => utils.addJob(STEPS[0], payload),
      close: () => utils.release(),
    };
  },

  async work(url, concurrency, mode, bodies) {
    const tasks = { noop: async (payload) => bodies.noop(payload) };
    STEPS.forEach((name, step) => {
      tasks[name] = (payload, helpers) =>
        bodies.step(step, payload, (jobs) =>
          // One statement for two jobs; there is no hook into the transaction of the completion.
          jobs.length > 1 ? helpers.addJobs(specs(jobs)) : helpers.addJob(STEPS[jobs[0][0]], jobs[0][1]),
        );
    });
    // A pool of our own, for the worker does not await its own's end: unbatched completions are sent
    // and forgotten, and the last ones would be lost, their jobs left locked for four hours.
    const pool = new pg.Pool({
      connectionString: url,
      // "10 or concurrentJobs + 2, whichever is larger": the doc comment of maxPoolSize
      max: Math.max(10, concurrency + 2),
    });
    const onError = (error) => console.error(error);
    pool.on("error", onError);
    pool.on("connect", (client) => client.on("error", onError));

    const events = new EventEmitter();
    // LISTEN is sent in the same tick as the event
    const listening = new Promise((resolve) => events.once("pool:listen:success", resolve));
    const runner = await run({
      preset: {
        extends: [WorkerPreset],
        worker: { logger, events, concurrentJobs: concurrency, ...(mode === "batched" ? batching : {}) },
      },
      pgPool: pool,
      noHandleSignals: true,
      taskList: tasks,
      parsedCronItems: [],
    });
    runner.promise.catch((error) => {
      console.error(error);
      process.exit(1);
    });
    await listening;
    return {
      async stop() {
        await runner.stop();
        await runner.promise;
        while (pool.waitingCount || pool.idleCount < pool.totalCount) await sleep(1);
        await pool.end();
      },
    };
  },
});
