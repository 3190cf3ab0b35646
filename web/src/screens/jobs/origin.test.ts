import { expect, it } from "vitest";

import { originOf } from "./origin";

it("takes the host's words apart", () => {
  expect(originOf("greet 0.1.0 (compiled in: plugins/greet/src/lib.rs:24)")).toEqual({
    plugin: "greet",
    kind: "compiled_in",
    location: "plugins/greet/src/lib.rs:24",
  });
  expect(originOf("probe 2 (executable: sh -c (exit 1))")).toMatchObject({ kind: "executable", location: "sh -c (exit 1)" });
});

it("does not guess at other words", () => {
  expect(originOf("greet 0.1.0")).toBeUndefined();
  expect(originOf("greet 0.1.0 (by post: here)")).toBeUndefined();
});
