import { expect, it } from "vitest";

import { rangeOf } from "./range";

const at = (line: number, column: number, end?: [number, number]) => ({
  severity: "error" as const,
  message: "",
  key: "",
  help: null,
  line,
  column,
  ...(end && { end_line: end[0], end_column: end[1] }),
});
const marked = (text: string, place: ReturnType<typeof at>) => {
  const { from, to } = rangeOf(text, place);
  return text.slice(from, to);
};

it("marks the word, the quoted text or the range that the host names", () => {
  const text = 'a = 1\nlist = ["b c", "d"]\n';
  expect(marked(text, at(2, 1))).toBe("list");
  expect(marked(text, at(2, 9))).toBe('"b c"');
  expect(marked(text, at(2, 9, [2, 19]))).toBe('"b c", "d"');
});

it("counts characters as the host does", () => {
  expect(marked('😀 = "ж"', at(1, 5))).toBe('"ж"');
});

it("stays within the text", () => {
  expect(rangeOf("a", at(9, 9))).toEqual({ from: 1, to: 1 });
  expect(rangeOf("abc", at(0, 0))).toEqual({ from: 0, to: 3 });
});
