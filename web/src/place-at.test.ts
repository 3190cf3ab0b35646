import { expect, it } from "vitest";

import { placeAt } from "./place-at";

const at = (pathname: string) => {
  const found = placeAt(pathname);
  return found && [found.place.path, found.params];
};

it("finds the screen of an address, and what the address names", () => {
  expect(at("/")).toEqual(["/", {}]);
  expect(at("/jobs")).toEqual(["/jobs", {}]);
  expect(at("/Jobs/")).toEqual(["/jobs", {}]);
  expect(at("/jobs/nightly_sync")).toEqual(["/jobs/:job_type", { job_type: "nightly_sync" }]);
  expect(at("/data")).toEqual(["/data/:key?", { key: undefined }]);
  expect(at("/data/portfolio")).toEqual(["/data/:key?", { key: "portfolio" }]);
  expect(at("/figures/workers")).toEqual(["/figures/workers", {}]);
});

it("reads what is encoded in an address, a slash too", () => {
  expect(at(`/data/${encodeURIComponent("a/b ü%41")}`)).toEqual(["/data/:key?", { key: "a/b ü%41" }]);
});

it("knows of no other place", () => {
  expect([at("/nowhere"), at("/runs/1/2"), at("/jobs/100%")]).toEqual([
    undefined,
    undefined,
    ["/jobs/:job_type", { job_type: "100%" }],
  ]);
});
