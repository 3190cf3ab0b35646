import { describe, expect, it } from "vitest";

import { NO_FILTERS } from "../written-filters";
import { asWritten, searchOf, shifted } from "./saved-data";

describe("saved views", () => {
  it("keep filters, order and project, and no page", () => {
    const search = searchOf({ ...NO_FILTERS, states: ["failed"], since: "24h", sort: "took", page: 3 }, "atlas");
    expect(search).toBe("project=atlas&state=failed&since=24h&sort=took");
    expect(searchOf(NO_FILTERS, "")).toBe("");
  });

  it("are known again in whichever order they were written", () => {
    expect(asWritten("since=24h&state=failed&page=2&project=atlas")).toBe("project=atlas&state=failed&since=24h");
  });

  it("move by a place and not beyond the ends", () => {
    expect(shifted(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
    expect(shifted(["a", "b", "c"], 0, -1)).toEqual(["a", "b", "c"]);
    expect(shifted(["a", "b", "c"], 2, 1)).toEqual(["a", "b", "c"]);
  });
});
