import { expect, it } from "vitest";

import { edgesAt, joinsAt, parsedToml, valueAt } from "./toml";

const TEXT = `
[CASCADE_CHAINS]
sync = ["first", { job = "second", args = { since = 2024-05-01, at = [2024-05-01], level = 2 } }]
[CASCADE_JOINS]
report = { all_of = ["sync"], args = { since = 2024-05-01, at = [2024-05-01] } }
[jobs.sync.params]
since = 2024-05-01
`;

it("keeps a time among the args of an edge or a join a value: a text would be an expression there", () => {
  const root = parsedToml(TEXT).value ?? {};
  const args = { since: '"2024-05-01"', at: ["2024-05-01"], level: 2 };
  expect(edgesAt(root)).toEqual({
    sync: [
      { job: "first", on: "success" },
      { job: "second", on: "success", args },
    ],
  });
  expect(joinsAt(root).report?.args).toEqual({ since: '"2024-05-01"', at: ["2024-05-01"] });
  expect(valueAt(root, ["jobs", "sync", "params", "since"])).toBe("2024-05-01");
});
