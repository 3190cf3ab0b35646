import { expect, it } from "vitest";

import { line } from "./figure-chart";

const drawn = (values: (number | null)[]) =>
  line(
    values,
    (step) => step * 10,
    (value) => value,
    4,
  );

it("draws a line through steps that follow one another", () => {
  expect(drawn([1, 2, 3])).toBe("M0 1L10 2L20 3");
});

it("breaks it where nothing was measured, and shows a step by itself", () => {
  expect(drawn([1, 2, null, 5, null, null, 6, 7])).toBe("M0 1L10 2M28 5h4M60 6L70 7");
  expect(drawn([null, null])).toBe("");
});
