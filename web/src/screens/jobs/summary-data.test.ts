import { expect, it } from "vitest";

import { summaryQueryOf } from "./summary-data";

it("takes of an address what the host knows", () => {
  const of = (address: string) => summaryQueryOf(new URLSearchParams(address));
  expect(of("")).toEqual({ q: "", state: "", sort: "name" });
  expect(of("q=ship&state=paused,failing,odd&sort=plugin")).toEqual({
    q: "ship",
    state: "failing,paused",
    sort: "plugin",
  });
  expect(of("sort=odd").sort).toBe("name");
});
