import { expect, it } from "vitest";

import type { Reason } from "../../api/types";
import { remediesOf } from "./remedy";

const place = { job: "down", project_id: "p" };
const reason = (part: Partial<Reason>): Reason => ({
  code: "later",
  text: "",
  told: { text: "", code: "later", values: {}, parts: [] },
  fix: null,
  fix_told: null,
  run_id: null,
  upstream: null,
  ...part,
});

it("does the smallest change where it can be done here", () => {
  expect(remediesOf(reason({ code: "paused" }), place)).toEqual([
    { kind: "act", action: "resume", label: "resume", job: "down" },
  ]);
  expect(remediesOf(reason({ code: "upstream_never_ran", upstream: "up" }), place)).toMatchObject([
    { action: "run", job: "up" },
  ]);
  const failed = reason({ code: "upstream_did_not_succeed", upstream: "up", run_id: "r" });
  expect(remediesOf(failed, place)).toMatchObject([{ action: "retry", run: "r" }, { to: "/runs/r" }]);
});

it("opens the file for a shared limit, and the workers for labels that none has", () => {
  for (const code of ["shared_limit", "rate"])
    expect(remediesOf(reason({ code }), place)).toMatchObject([{ to: "/config/file", admin: true }]);
  expect(remediesOf(reason({ code: "labels" }), place)).toMatchObject([{ to: "/workers" }]);
});

it("opens the job for the rate of a key", () => {
  expect(remediesOf(reason({ code: "key_rate" }), place)).toMatchObject([{ to: "/config/jobs?job=down", admin: true }]);
});

it("opens the edge that was not taken, and the run that did not take it", () => {
  const found = remediesOf(reason({ code: "edge_not_taken", upstream: "up", run_id: "r" }), place);
  expect(found).toMatchObject([{ to: "/config/cascades?from=up&to=down", admin: true }, { to: "/runs/r" }]);
});

it("runs a job now that waits for its time, but not a run", () => {
  for (const code of ["not_due", "debounced"])
    expect(remediesOf(reason({ code }), place)).toMatchObject([{ action: "run", job: "down" }]);
  expect(remediesOf(reason({ code: "not_before" }), place)).toEqual([]);
});

it("has the way to the run for what it does not know", () => {
  expect(remediesOf(reason({ code: "of_a_later_version" }), place)).toEqual([]);
  expect(remediesOf(reason({ code: "of_a_later_version", run_id: "r" }), place)).toMatchObject([{ to: "/runs/r" }]);
});
