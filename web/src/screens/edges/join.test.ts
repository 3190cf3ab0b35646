// @vitest-environment happy-dom

import { expect, it } from "vitest";
import { t } from "../../i18n/translations";

import { connectionsOf, type Join, joinHolds, joinOf, joinSaid, joinSummary, plainJoin, writtenJoin } from "./join";

const join = (part: Partial<Join>): Join => ({ ...plainJoin(["a", "b"]), ...part });

it("brings a join back as it was, and writes nothing that holds anyway", () => {
  for (const table of [
    { all_of: ["a", "b"] },
    { all_of: ["a"], within: "1h", late: "run", needs: "end", by: "latest" },
    { all_of: ["a"], when: "output.a.new > 0", args: { new: "output.a.new", level: 2 }, key: "run.project" },
  ]) {
    expect(writtenJoin(joinOf(table)!, undefined)).toEqual(table);
  }
  expect(writtenJoin(join({ late: "run" }), undefined)).toEqual({ all_of: ["a", "b"] });
});

it("keeps keys that it does not know", () => {
  const before = { all_of: ["x"], within: "1h", later: 1 };
  expect(writtenJoin(join({}), before)).toEqual({ all_of: ["a", "b"], later: 1 });
});

it("takes what a draft may hold", () => {
  expect([joinOf("a"), joinOf({}), joinOf({ all_of: "a" })]).toEqual([undefined, undefined, undefined]);
  expect(joinOf({ all_of: ["a", 1], late: "soon", when: 7 })).toEqual(plainJoin(["a"]));
});

it("says what it waits for, and what else holds", () => {
  expect(joinSummary(join({}), t)).toBeUndefined();
  expect(joinSaid(join({}), t)).toBe("once after all of a, b");
  expect(joinSaid(join({ within: "1h" }), t)).toBe("once after all of a, b; within 1h or not at all");
  expect(joinHolds(join({}), t)).toBe("once those that ran have succeeded");
  expect(joinHolds(join({ needs: "end" }), t)).toBe("successful or not");
  const all = join({ needs: "end", by: "latest", within: "1h", late: "run", when: "true", args: { x: 1 }, key: "'k'" });
  expect(joinSummary(all, t)).toBe(
    "successful or not, the latest run of each, after 1h at the latest, if true, with x, key 'k'",
  );
});

it("connects jobs by edges and joins, each once", () => {
  expect(connectionsOf({ a: ["c"], x: ["a"] }, { c: { all_of: ["a", "b"] } })).toEqual({
    a: ["c"],
    b: ["c"],
    x: ["a"],
  });
});
