"""The driver of procrastinate; the protocol is that of ../README.md."""

import argparse
import asyncio
import datetime
import json
import signal
import sys
import time

from app import make_app

NEXT = [[1, 2], [3, 4], [], [5], [6], [], []]
CHUNK = 10_000
# Calls of one producer that may be under way at once: a slow peer must not hold back the schedule
PRODUCERS = 20


def now_us():
    return time.time_ns() // 1000


def say(value):
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class Bodies:
    def __init__(self):
        self.done = 0
        self.first_us = None
        self.last_us = None
        self.picked = []
        self.hops = []
        self.ends = {}

    def ended(self, start, end):
        self.done += 1
        if self.first_us is None:
            self.first_us = start
        self.last_us = end

    def noop(self, sent_us):
        start = now_us()
        if sent_us is not None:
            self.picked.append(start - sent_us)
        self.ended(start, now_us())

    async def step(self, step, chain, of, defer):
        start = now_us()
        following = [(to, chain) for to in NEXT[step]]
        if step >= 5:
            self.ends[chain] = self.ends.get(chain, 0) + 1
            if self.ends[chain] == 2:
                del self.ends[chain]
                if chain + 1 < of:
                    following.append((0, chain + 1))
        for to, number in following:
            await defer(to, number)
        end = now_us()
        self.hops.append([chain, step, start, end])
        self.ended(start, end)


async def setup(url):
    app, _, _ = make_app(url, 1, Bodies())
    async with app.open_async():
        found = await app.connector.execute_query_one_async("SELECT to_regclass('procrastinate_jobs')::text AS name")
        if found["name"] is None:
            await app.schema_manager.apply_schema_async()


async def enqueue(url, count, in_seconds):
    app, noop, _ = make_app(url, 1, Bodies())
    async with app.open_async():
        job = noop
        if in_seconds:
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=in_seconds)
            job = noop.configure(schedule_at=at)
        while count > 0:
            n = min(CHUNK, count)
            await job.batch_defer_async(*[{} for _ in range(n)])
            count -= n


async def work(url, concurrency):
    bodies = Bodies()
    # One for each job's completion, besides the fetch, the LISTEN and the heartbeat
    app, _, _ = make_app(url, concurrency + 3, bodies)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listening = asyncio.Event()
    loop_notify = app.connector._loop_notify

    # The library tells nobody that its LISTEN is up; this is what it calls next
    async def listened(**arguments):
        listening.set()
        await loop_notify(**arguments)

    app.connector._loop_notify = listened

    async def report():
        said = 0
        while True:
            await asyncio.sleep(0.05)
            if bodies.done != said:
                said = bodies.done
                say({"done": said})

    async with app.open_async():
        worker = asyncio.create_task(app.run_worker_async(concurrency=concurrency, install_signal_handlers=False))
        started = asyncio.create_task(listening.wait())
        await asyncio.wait([worker, started], return_when=asyncio.FIRST_COMPLETED)
        if worker.done():
            worker.result()
        say({"ready": True})
        reporter = asyncio.create_task(report())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([worker, stopped], return_when=asyncio.FIRST_COMPLETED)
        # Cancelling asks for a graceful stop: running jobs end and are completed
        worker.cancel()
        try:
            await worker
        except asyncio.CancelledError:
            pass
        reporter.cancel()
    say(
        {
            "end": True,
            "done": bodies.done,
            "first_us": bodies.first_us,
            "last_us": bodies.last_us,
            "picked_us": bodies.picked,
            "hops": bodies.hops,
        }
    )


async def produce(url, rate, seconds):
    app, noop, _ = make_app(url, PRODUCERS, Bodies())
    async with app.open_async():
        count = round(rate * seconds)
        calls = set()
        start = time.monotonic()
        sent = 0
        # Absolute schedule: a late tick is made up for
        while sent < count:
            due = min(count, int((time.monotonic() - start) * rate) + 1)
            while sent < due and len(calls) < PRODUCERS:
                sent += 1
                calls.add(asyncio.create_task(noop.defer_async(sent_us=now_us())))
            if len(calls) >= PRODUCERS:
                done, calls = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(max(0, start + sent / rate - time.monotonic()))
                done = {call for call in calls if call.done()}
                calls -= done
            for call in done:
                call.result()
        await asyncio.gather(*calls)


async def chain(url, chains):
    app, _, tasks = make_app(url, 1, Bodies())
    async with app.open_async():
        await tasks[0].defer_async(chain=0, of=chains)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("setup", "enqueue", "work", "produce", "chain"):
        command = commands.add_parser(name)
        command.add_argument("--url", required=True)
        if name == "enqueue":
            command.add_argument("--count", type=int, required=True)
            command.add_argument("--in-seconds", type=float, default=0)
        elif name == "work":
            command.add_argument("--concurrency", type=int, required=True)
            command.add_argument("--mode", choices=["plain", "batched"], default="plain")
        elif name == "produce":
            command.add_argument("--rate", type=float, required=True)
            command.add_argument("--seconds", type=float, required=True)
        elif name == "chain":
            command.add_argument("--chains", type=int, default=1)
    args = parser.parse_args()
    if args.command == "setup":
        asyncio.run(setup(args.url))
    elif args.command == "enqueue":
        asyncio.run(enqueue(args.url, args.count, args.in_seconds))
    elif args.command == "work":
        if args.mode == "batched":
            print("no mode batched: this peer has plain", file=sys.stderr)
            sys.exit(2)
        asyncio.run(work(args.url, args.concurrency))
    elif args.command == "produce":
        asyncio.run(produce(args.url, args.rate, args.seconds))
    else:
        asyncio.run(chain(args.url, args.chains))


if __name__ == "__main__":
    main()
