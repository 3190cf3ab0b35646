import { t } from "i18next";
import { expect, it } from "vitest";

import "../../i18n";
import { conditionOf, conditionsOf, edgeOf, written } from "./edge";

it("reads names and tables, and leaves out what names no job", () => {
  expect(edgeOf("a")).toEqual({ job: "a", on: "success" });
  expect(edgeOf({ job: "a", on: "failure", when: "true" })).toEqual({ job: "a", on: "failure", when: "true" });
  expect(edgeOf({ job: "a", on: "nonsense" })).toEqual({ job: "a", on: "success" });
  expect([edgeOf(7), edgeOf({ on: "failure" }), edgeOf(null)]).toEqual([undefined, undefined, undefined]);
});

it("writes a plain edge as a name and keeps keys that it does not know", () => {
  expect(written({ job: "a", on: "success" }, { job: "a", on: "failure" })).toBe("a");
  expect(written({ job: "a", on: "success", when: "" }, "a")).toBe("a");
  expect(written({ job: "a", on: "always", when: "true" }, "a")).toEqual({ job: "a", on: "always", when: "true" });
  expect(written({ job: "a", on: "success" }, { job: "a", later: 1 })).toEqual({ job: "a", later: 1 });
});

it("says when an edge is taken", () => {
  expect(conditionOf({ on: "success" }, t)).toBeUndefined();
  expect(conditionOf({ on: "failure", when: "output.new > 0" }, t)).toBe("on failure, if output.new > 0");
  expect(conditionsOf([{ on: "failure" }, { on: "recovered" }], t)).toBe("on failure; on recovery");
  expect(conditionsOf([{ on: "failure" }, { on: "success" }], t)).toBeUndefined();
});
