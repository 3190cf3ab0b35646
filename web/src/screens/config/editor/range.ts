import type { Diagnostic } from "../../../api/types";

/** Where a diagnostic marks the text; a fault of no place marks the first line. */
export function rangeOf(
  text: string,
  { line, column, end_line, end_column }: Diagnostic,
): { from: number; to: number } {
  const starts = lineStarts(text);
  const from = offset(text, starts, line, column);
  if (end_line && end_column) {
    const to = offset(text, starts, end_line, end_column);
    if (to > from) return { from, to };
  }
  const word = /^("[^"\n]*"?|'[^'\n]*'?|[\w.-]+|\S)?/.exec(text.slice(from))?.[0] ?? "";
  return { from, to: Math.min(text.length, from + word.length) };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The host counts characters, a string of JavaScript UTF-16 units. */
function offset(text: string, starts: number[], line: number, column: number): number {
  const start = starts[Math.min(Math.max(line, 1), starts.length) - 1] ?? 0;
  const end = text.indexOf("\n", start);
  const within = [...text.slice(start, end < 0 ? undefined : end)].slice(0, Math.max(0, column - 1));
  return start + within.join("").length;
}
