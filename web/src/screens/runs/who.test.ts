import { expect, it } from "vitest";

import type { AuditEntry, Run } from "../../api/types";
import { auditTexts, hasPeople, whoOf } from "./who";

const run = (over: Partial<Run>) =>
  ({
    id: "r1",
    job_type: "sync",
    project_id: "p1",
    state: "completed",
    cancel_requested_at: null,
    triggered_by: { kind: "manual", at: "2026-01-01T10:00:00.500Z" },
    ...over,
  }) as Run;
let seq = 0;
const entry = (action: string, target: string, user_name: string, at = "2026-01-01T10:00:00.498Z") =>
  ({ seq: ++seq, at, user_name, action, target, project_id: "p1", detail: "{}", address: null }) as AuditEntry;

it("names who asked: of the same job and project, at the time of the request", () => {
  const others = [
    entry("run.start", "sync", "bob", "2026-01-01T09:00:00Z"),
    entry("run.start", "score", "eve"),
    { ...entry("run.start", "sync", "mia"), project_id: "p2" },
  ];
  expect(whoOf(run({}), [...others, entry("run.start", "sync", "ada")]).asked).toBe("ada");
  expect(whoOf(run({}), others).asked).toBeUndefined();
  expect(whoOf(run({ triggered_by: { kind: "timer" } }), [entry("run.start", "sync", "ada")]).asked).toBeUndefined();
});

it("names who cancelled last, and nobody for a run that was not cancelled", () => {
  const entries = [
    entry("run.cancel", "r1", "bob"),
    entry("run.cancel", "r1", "ada"),
    entry("run.cancel", "r2", "eve"),
  ];
  expect(whoOf(run({ state: "cancelled" }), entries).cancelled).toBe("ada");
  expect(whoOf(run({ state: "completed" }), entries).cancelled).toBeUndefined();
});

it("asks the audit log only where people had to do with the run", () => {
  expect(hasPeople(run({ triggered_by: { kind: "timer" } }))).toBe(false);
  expect(hasPeople(run({ triggered_by: { kind: "timer" }, state: "cancelled" }))).toBe(true);
  expect(auditTexts(run({}))).toEqual(["r1", "sync"]);
  expect(auditTexts(run({ triggered_by: { kind: "timer" }, state: "cancelled" }))).toEqual(["r1"]);
});
