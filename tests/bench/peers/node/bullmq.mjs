import { run, inChunks, STEPS } from "./driver.mjs";
import { Queue, Worker } from "bullmq";

const NAME = "bench";
const NOOP = "noop";

function open(url) {
  const queue = new Queue(NAME, { connection: { url } });
  queue.on("error", (error) => console.error(error));
  return queue;
}

const named = ([step, payload]) => ({ name: STEPS[step], data: payload });

run({
  modes: ["plain"],

  // Redis has no schema; the queue's metadata key is written by the first queue object
  async setup(url) {
    const queue = open(url);
    await queue.waitUntilReady();
    await queue.close();
  },

  async connect(url) {
    const queue = open(url);
    await queue.waitUntilReady();
    return {
      bulk: (count, runAt) =>
        inChunks(count, 5_000, 1, (n) => {
          const opts = runAt ? { delay: Math.max(0, runAt - Date.now()) } : {};
          return queue.addBulk(Array.from({ length: n }, () => ({ name: NOOP, data: {}, opts })));
        }),
      one: (payload) => queue.add(NOOP, payload),
      chain: (payload) => queue.add(STEPS[0], payload),
      close: () => queue.close(),
    };
  },

  async work(url, concurrency, mode, bodies) {
    const queue = open(url);
    const steps = new Map(STEPS.map((name, step) => [name, step]));
    const worker = new Worker(
      NAME,
      async (job) => {
        if (job.name === NOOP) return bodies.noop(job.data);
        await bodies.step(steps.get(job.name), job.data, (jobs) =>
          jobs.length > 1 ? queue.addBulk(jobs.map(named)) : queue.add(STEPS[jobs[0][0]], jobs[0][1]),
        );
      },
      {
        connection: { url },
        concurrency,
        // "A good practice is to keep a handful of completed jobs and a much larger value of failed jobs"
        removeOnComplete: { count: 1000 },
        removeOnFail: { count: 5000 },
      },
    );
    worker.on("error", (error) => console.error(error));
    await worker.waitUntilReady();
    return {
      async stop() {
        await worker.close();
        await queue.close();
      },
    };
  },
});
