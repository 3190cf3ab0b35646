import { expect, it } from "vitest";

import { takesOf } from "./arg-rows";
import { type Join, plainJoin } from "./join";
import { type JoinDraft, joinDraftOf, readJoin } from "./join-draft";

const takes = takesOf({ properties: { new: { type: "integer" } }, required: ["new"] });
const join = (part: Partial<Join>): Join => ({ ...plainJoin(["a", "b"]), ...part });
const read = (of: Partial<Join>, change: Partial<JoinDraft> = {}) =>
  readJoin({ ...joinDraftOf(join(of), takes), ...change }, takes);
const faults = (of: Partial<Join>, change: Partial<JoinDraft> = {}) => Object.fromEntries(read(of, change).faults);

it("brings a join back as it was", () => {
  for (const each of [
    {},
    { within: "1h", late: "run", needs: "end", by: "latest" } as const,
    { when: "output.a.new > 0", args: { new: "output.a.new" }, key: "run.project" },
  ]) {
    const { join: again, faults } = read(each);
    expect([again, faults.size]).toEqual([join(each), 0]);
  }
});

it("knows what is missing or wrong", () => {
  expect(faults({}, { all_of: [] })).toEqual({ all_of: "no_jobs" });
  expect(faults({}, { within: "soon" })).toEqual({ within: "duration" });
  expect(faults({}, { gives: true })).toEqual({ "args.0": "missing" });
  expect(faults({}, { within: " 1h 30m " })).toEqual({});
});
