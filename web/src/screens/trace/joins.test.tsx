import { cleanup, render, screen, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";

import type { Cascade, Run, TraceJoin } from "../../api/types";

vi.mock("../../layout/project-scope", () => ({
  useProjectScope: () => ({ slug: undefined }),
  useScopedPath: () => (path: string) => path,
}));

import { TraceJoins } from "./joins";

afterEach(cleanup);

type Joined = TraceJoin["all_of"][number];
const joined = (job: string, part: Partial<Joined> = {}): Joined => ({
  job,
  state: "succeeded",
  failed: null,
  waits_for: [],
  open: 0,
  succeeded: 1,
  failures: 0,
  ...part,
});
const join = (part: Partial<TraceJoin>): TraceJoin => ({
  job: "report",
  needs: "success",
  late: "skip",
  state: "waiting",
  reason: null,
  told: null,
  settled_at: null,
  run_id: null,
  due_at: null,
  all_of: [],
  ...part,
});
const run = (id: string, job_type: string) => ({ run: { id, job_type, trace_id: "t" } as Run, parent: null });

function show(joins: TraceJoin[], items: Cascade["items"] = [], groups: string[] = []) {
  render(
    <MemoryRouter>
      <TraceJoins
        cascade={{ root: "r", items, groups: groups.map((job_type) => ({ job_type })), joins } as Cascade}
        id="here"
      />
    </MemoryRouter>,
  );
}
const lines = () => screen.getAllByTestId("trace-joined").map((line) => line.textContent);

it("is not there without joins", () => {
  show([]);
  expect(screen.queryByTestId("trace-joins")).toBeNull();
});

it("says of each job that a join waits for how it stands", () => {
  show([
    join({
      all_of: [
        joined("ids", { state: "open", open: 3, succeeded: 17, failures: 1 }),
        joined("score", { state: "open", open: 0, succeeded: 0, waits_for: ["sync", "embed"] }),
        joined("sync"),
        joined("embed", { state: "failed", succeeded: 0, failures: 1 }),
        joined("late", { state: "not_reached", succeeded: 0, failed: "embed" }),
        joined("other", { state: "skipped", succeeded: 0 }),
      ],
    }),
  ]);
  expect(screen.getByTestId("trace-join").textContent).toContain("waitsreport");
  expect(lines()).toEqual([
    "not endedids3 open, 17 succeeded, 1 failed",
    "not endedscorewaits for sync, embed, not ended",
    "succeededsync",
    "failedembed",
    "did not runlateas embed failed",
    "not triggeredother",
  ]);
});

it("leads to the runs of this trace", () => {
  const items = [run("r1", "sync"), run("r2", "ids"), run("r3", "ids")];
  show(
    [join({ state: "fired", run_id: "r4", all_of: ["sync", "ids", "many", "none"].map((job) => joined(job)) })],
    items,
    ["many"],
  );
  const list = within(screen.getByTestId("trace-join"));
  expect(list.getByText("its run").getAttribute("href")).toBe("/runs/r4");
  expect(list.getByText("sync").closest("a")?.getAttribute("href")).toBe("/runs/r1");
  expect(list.getByText("ids").closest("a")?.getAttribute("href")).toBe("/runs?job=ids&trace=t");
  expect(list.getByText("many").closest("a")?.getAttribute("href")).toBe("/runs?job=many&trace=t");
  expect(list.getByText("none").closest("a")?.getAttribute("href")).toBe("/jobs/none");
});

it("says why it has not run, and until when it waits", () => {
  const due_at = new Date(Date.now() + 3_700_000).toISOString();
  show([
    join({ state: "unmet", reason: "`sync` did not succeed" }),
    join({ job: "later", state: "late", reason: "no success of `sync` within 1h", due_at }),
    join({ job: "soon", late: "run", due_at }),
  ]);
  const told = screen.getAllByTestId("trace-join").map((each) => each.textContent);
  expect(told[0]).toMatch(/^not met.*`sync` did not succeed$/);
  expect(told[1]).toMatch(/^too late.*within 1h$/);
  expect(told[2]).toContain("Its time is over in 1 hr.; then it runs with what there is.");
});
