import { describe, expect, it } from "vitest";

import { countSet, fromLocal, nextSort, queryOf, readFilters, toLocal } from "./filters";
import { NO_FILTERS, type RunFilters, writeFilters } from "./written-filters";

const full: RunFilters = {
  jobs: ["sync", "score"],
  states: ["failed", "running"],
  trigger: "cascade",
  since: "",
  from: "2026-01-01T00:00:00.000Z",
  to: "2026-01-02T00:00:00.000Z",
  text: "no & route",
  trace: "abc",
  where: ["args.level>=2", "output.name=a & b"],
  tags: ["billing", "a, b"],
  sort: "took",
  page: 3,
};

describe("the address of the run table", () => {
  it("says all filters and is read back as the same", () => {
    const search = writeFilters(full, new URLSearchParams("project=atlas"));
    expect(search.get("project")).toBe("atlas");
    expect(readFilters(new URLSearchParams(search.toString()))).toEqual(full);
  });

  it("is short when nothing is set", () => {
    const search = writeFilters(NO_FILTERS, writeFilters(full, new URLSearchParams()));
    expect(search.toString()).toBe("");
    expect(readFilters(search)).toEqual(NO_FILTERS);
  });

  it("leaves out what it does not know", () => {
    const rubbish = new URLSearchParams("state=failed,asleep&trigger=moon&since=2y&from=soon&sort=-colour&page=-4");
    expect(readFilters(rubbish)).toEqual({ ...NO_FILTERS, states: ["failed"] });
  });

  it("lets a time given exactly stand before a span", () => {
    expect(readFilters(new URLSearchParams("since=1h&to=2026-01-02T00:00:00Z"))).toMatchObject({
      since: "",
      to: "2026-01-02T00:00:00.000Z",
    });
  });
});

describe("what the host is asked", () => {
  it("counts a span back from now", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    const query = queryOf({ ...NO_FILTERS, since: "24h", text: " x " }, "p", now);
    expect(query).toMatchObject({
      project_id: "p",
      from: "2026-01-01T00:00:00.000Z",
      to: "",
      text: "x",
      sort: "-queued_at",
    });
  });

  it("joins lists with commas", () => {
    expect(queryOf(full, undefined, 0)).toMatchObject({ job_type: "sync,score", state: "failed,running" });
  });
});

it("counts a range as one filter", () => {
  expect(countSet(NO_FILTERS)).toBe(0);
  expect(countSet(full)).toBe(10);
});

it("turns the order round at the second click", () => {
  expect(nextSort("took", "-queued_at")).toBe("-took");
  expect(nextSort("took", "-took")).toBe("took");
  expect(nextSort("took", "took")).toBe("-took");
  expect(nextSort("job_type", "-took")).toBe("job_type");
});

it("shows a time in the browser's zone and reads it back", () => {
  const time = "2026-01-02T03:04:00.000Z";
  expect(fromLocal(toLocal(time))).toBe(time);
  expect(toLocal("")).toBe("");
});
