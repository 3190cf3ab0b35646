// @vitest-environment happy-dom

import { expect, it } from "vitest";
import { i18n, t } from "../../i18n/translations";

import { type Edge, edgeOf, isConditional, summariesOf, summaryOf, tableOf, written } from "./edge";

const WHOLE = {
  job: "send_reminder",
  on: "always",
  when: "output.new > 0",
  each: "output.new_ids",
  args: { invoice: "item", level: 2 },
  key: "string(item)",
  after: "30s",
  debounce: "2m",
  at_most: "10m",
};

it("reads names and tables, and leaves out what names no job", () => {
  expect(edgeOf("a")).toEqual({ job: "a", on: "success" });
  expect(edgeOf({ job: "a", on: "failure", when: "true" })).toEqual({ job: "a", on: "failure", when: "true" });
  expect(edgeOf({ job: "a", on: "nonsense", key: 7, args: "x" })).toEqual({ job: "a", on: "success" });
  expect([edgeOf(7), edgeOf({ on: "failure" }), edgeOf(null)]).toEqual([undefined, undefined, undefined]);
});

it("keeps all keys, in the order of the reference", () => {
  expect(edgeOf(WHOLE)).toEqual(WHOLE);
  const mixed = Object.fromEntries(Object.entries({ later: 1, ...WHOLE }).reverse());
  expect(Object.entries(written(edgeOf(mixed) as Edge, mixed) as object)).toEqual([
    ...Object.entries(WHOLE),
    ["later", 1],
  ]);
  // An edge that gives no args at all is another than one that gives none of its own.
  expect(written({ job: "a", on: "success", args: {} }, "a")).toEqual({ job: "a", args: {} });
  expect(tableOf({ job: "a", on: "success", key: "" })).toEqual({ job: "a" });
});

it("writes a plain edge as a name and keeps keys that it does not know", () => {
  expect(written({ job: "a", on: "success" }, { job: "a", on: "failure", debounce: "2m" })).toBe("a");
  expect(written({ job: "a", on: "success", when: "" }, "a")).toBe("a");
  expect(written({ job: "a", on: "always", when: "true" }, "a")).toEqual({ job: "a", on: "always", when: "true" });
  expect(written({ job: "a", on: "success" }, { job: "a", later: 1 })).toEqual({ job: "a", later: 1 });
});

it("says when an edge is taken and what it makes", () => {
  expect(summaryOf({ on: "success" }, t)).toBeUndefined();
  expect(summaryOf({ on: "failure", when: "output.new > 0" }, t)).toBe("on failure, if output.new > 0");
  expect(summaryOf(WHOLE as Edge, t)).toBe(
    "on success or failure, if output.new > 0, each of output.new_ids, with invoice, level, key string(item), " +
      "30s later, debounced 2m, at most 10m",
  );
  expect(summaryOf({ on: "success", args: {} }, t)).toBe("with no args");
  const inRussian = i18n.getFixedT("ru");
  expect(summaryOf({ on: "success", each: "output.ids", after: "30s" }, inRussian)).toBe(
    "для каждого из output.ids, через 30s",
  );
});

it("says the same of several edges between two jobs", () => {
  expect(summariesOf([{ on: "failure" }, { on: "recovered" }], t)).toBe("on failure; on recovery");
  expect(summariesOf([{ on: "failure" }, { on: "success" }], t)).toBeUndefined();
  expect(summariesOf([{ on: "success" }, { on: "success", after: "1h" }], t)).toBe("1h later");
  expect(summariesOf([], t)).toBeUndefined();
});

it("has a condition only if an end may not lead to it", () => {
  expect([{ on: "success", each: "output.ids" } as const, { on: "failure" } as const].map(isConditional)).toEqual([
    false,
    true,
  ]);
});
