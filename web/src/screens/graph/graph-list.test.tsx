import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import { GraphList } from "./graph-list";
import { graphOf } from "./graph-model";

afterEach(cleanup);

it("says with each upstream job when it triggers and what it makes", () => {
  const graph = graphOf({
    config: {
      CASCADE_CHAINS: { sync: ["remind"], check: ["remind"], plain: ["remind"] },
      CASCADE_JOINS: {
        remind: { all_of: ["a", "b"], late: "skip", needs: "success", by: "trace", within: "1h" },
      },
      JOB_TO_DATA_MAP: {},
      edges: {
        sync: [{ job: "remind", on: "success", each: "output.ids", after: "30s" }],
        check: [{ job: "remind", on: "failure" }],
        plain: [{ job: "remind", on: "success" }],
      },
    },
    scheduled: [],
    summaries: null,
    trends: [],
    now: "",
  });
  render(<GraphList graph={graph} now="" onSelect={() => {}} />);
  const row = screen.getAllByTestId("graph-row").find((each) => each.dataset.jobType === "remind");
  for (const said of [
    "sync (each of output.ids, 30s later)",
    "check (on failure)",
    "plain",
    "once after all of a, b; within 1h",
  ]) {
    expect(row?.textContent).toContain(said);
  }
  expect(row?.textContent).not.toContain("plain (");
});
