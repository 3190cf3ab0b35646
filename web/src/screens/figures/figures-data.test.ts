import { expect, it } from "vitest";

import { readFilter, workerName, writeFilter } from "./figures-data";
import { shortTime } from "./short-time";

it("keeps the choice in the address, and leaves out what is usual", () => {
  const search = new URLSearchParams("project=atlas&range=7d&job=sync&by=project");
  expect(readFilter(search)).toEqual({ range: "7d", job: "sync", worker: "", by: "project" });
  expect(writeFilter(search, { range: "24h", by: "job" }).toString()).toBe("project=atlas&job=sync");
  expect(writeFilter(search, { job: "" }).get("job")).toBeNull();
});

it("takes what an address says that is not known for the usual", () => {
  expect(readFilter(new URLSearchParams("range=5y&by=moon"))).toEqual({ range: "24h", job: "", worker: "", by: "job" });
});

it("has figures by worker for two days alone", () => {
  const search = new URLSearchParams("range=6h&by=worker&worker=worker-1");
  expect(readFilter(search)).toMatchObject({ range: "6h", worker: "worker-1", by: "worker" });
  expect(writeFilter(search, { range: "7d" }).toString()).toBe("range=7d&by=worker&worker=worker-1");
  expect(readFilter(new URLSearchParams("range=7d&by=worker&worker=worker-1"))).toMatchObject({
    worker: "",
    by: "job",
  });
});

it("calls a worker by its machine and process where that may be told", () => {
  const workers = [
    { name: "worker-1", host: "machine", pid: 7 },
    { name: "worker-0123456789abcdef", host: null, pid: null },
  ];
  expect(workerName(workers, "worker-1")).toBe("machine · 7");
  expect(workerName(workers, "worker-0123456789abcdef")).toBe("worker-01234567");
});

it("tells a time with as many digits as its percentile is worth", () => {
  const told = (ms: number) => shortTime(ms, "en").replaceAll("\u00a0", " ");
  expect(told(0.5)).toBe("<1 ms");
  expect(told(3.36)).toBe("3.4 ms");
  expect(told(347.2)).toBe("350 ms");
  expect(told(4238)).toBe("4.2 sec");
  expect(told(312_000)).toBe("5.2 min");
  expect(told(7_200_000)).toBe("2 hr");
});
