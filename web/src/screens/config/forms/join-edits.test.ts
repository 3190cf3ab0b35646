import { expect, it } from "vitest";

import { parsedToml } from "../toml";
import { connectEdit, leaveEdit, runsAfter, toAll, toEach } from "./join-edits";

const root = (text: string) => parsedToml(text).value!;
const EDGES = root(`
[CASCADE_CHAINS]
a = ["report"]
b = ["x", "report", { job = "report", on = "failure" }]
c = [{ job = "report", each = "output.ids" }]
`);
const JOIN = root(`
[CASCADE_CHAINS]
b = [{ job = "report", on = "failure" }]
[CASCADE_JOINS]
report = { all_of = ["a", "b"], within = "1h", later = 1 }
`);

it("knows what a job runs after", () => {
  expect(runsAfter(EDGES, "report")).toEqual({ each: ["a", "b"], all: [] });
  expect(runsAfter(JOIN, "report")).toEqual({ each: [], all: ["a", "b"] });
});

it("makes plain edges a join, and leaves those that say more", () => {
  expect(toAll(EDGES, "report")).toEqual([
    { op: "remove_from_list", path: ["CASCADE_CHAINS", "a"], value: "report" },
    { op: "set", path: ["CASCADE_CHAINS", "b"], value: ["x", { job: "report", on: "failure" }] },
    { op: "set", path: ["CASCADE_JOINS", "report"], value: { all_of: ["a", "b"] } },
  ]);
});

it("makes a join edges again", () => {
  expect(toEach(JOIN, "report")).toEqual([
    { op: "remove", path: ["CASCADE_JOINS", "report"] },
    { op: "add_to_list", path: ["CASCADE_CHAINS", "a"], value: "report" },
    { op: "set", path: ["CASCADE_CHAINS", "b"], value: [{ job: "report", on: "failure" }, "report"] },
  ]);
});

it("connects a job to the join that there is, or by an edge", () => {
  const value = { all_of: ["a", "b", "c"], within: "1h", later: 1 };
  expect(connectEdit(JOIN, "c", "report")).toEqual({ op: "set", path: ["CASCADE_JOINS", "report"], value });
  expect(connectEdit(JOIN, "c", "other")).toEqual({ op: "add_to_list", path: ["CASCADE_CHAINS", "c"], value: "other" });
});

it("lets a join wait for one less, and removes it with the last", () => {
  const value = { all_of: ["b"], within: "1h", later: 1 };
  expect(leaveEdit(JOIN, "report", "a")).toEqual([{ op: "set", path: ["CASCADE_JOINS", "report"], value }]);
  const one = root('[CASCADE_JOINS]\nreport = { all_of = ["a"] }\n');
  expect(leaveEdit(one, "report", "a")).toEqual([{ op: "remove", path: ["CASCADE_JOINS", "report"] }]);
});
