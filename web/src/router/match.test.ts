import { expect, it } from "vitest";

import { placeOf } from "../places";
import { matchPath } from "./match";

it("finds what the address names", () => {
  expect(matchPath("/", "/")).toEqual({});
  expect(matchPath("/jobs/:job_type", "/Jobs/a%2Fb/")).toEqual({ job_type: "a/b" });
  expect(matchPath("/jobs/:job_type", "/jobs/100%")).toEqual({ job_type: "100%" });
  expect(matchPath("/data/:key?", "/data")).toEqual({ key: undefined });
  expect(matchPath("/data/:key?", "/data/messages")).toEqual({ key: "messages" });
  expect(matchPath("*", "/any/where")).toEqual({});
});

it("takes no address that is longer, shorter or another", () => {
  for (const path of ["/", "/jobs", "/jobs/a/b", "/runs/a"])
    expect(matchPath("/jobs/:job_type", path), path).toBeUndefined();
  expect(matchPath("/", "/jobs")).toBeUndefined();
});

it("gives each screen its address", () => {
  const screens = [
    "/",
    "/jobs",
    "/jobs/a",
    "/figures",
    "/figures/workers",
    "/data",
    "/data/a",
    "/config",
    "/nowhere",
    "/jobs/a/b",
  ];
  expect(screens.map((path) => placeOf(path)?.path)).toEqual([
    "/",
    "/jobs",
    "/jobs/:job_type",
    "/figures",
    "/figures/workers",
    "/data/:key?",
    "/data/:key?",
    "/config/:tab?",
    undefined,
    undefined,
  ]);
});
