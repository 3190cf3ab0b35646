import { expect, it } from "vitest";

import { detailOf, targetOf } from "./target";

it("leads to runs, jobs and data, and nowhere else", () => {
  const id = "01a21036-9fb1-73b9-881a-de230480c04a";
  const of = (action: string, target: string) => targetOf({ action, target });
  expect(of("run.cancel", id)).toEqual({ kind: "run", name: id });
  expect(of("run.cancel", "many")).toEqual({ kind: "text", name: "many" });
  expect(of("run.start", "sync")).toEqual({ kind: "job", name: "sync" });
  expect(of("job.pause", "sync")).toEqual({ kind: "job", name: "sync" });
  expect(of("data.act", "tickets/open/close")).toEqual({ kind: "data", name: "tickets/open" });
  expect(of("user.add", "ada")).toEqual({ kind: "text", name: "ada" });
});

it("shows a detail that says something", () => {
  expect(detailOf("{}")).toBeUndefined();
  expect(detailOf("null")).toBeUndefined();
  expect(detailOf('{"by":"link"}')).toBe('{\n  "by": "link"\n}');
  expect(detailOf("not JSON")).toBe("not JSON");
});
