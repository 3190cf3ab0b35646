import { expect, test } from "vitest";

import { readable } from "./hooks-data";

test("a body is laid out if it is JSON", () => {
  expect(readable('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(readable("a=1")).toBe("a=1");
});
