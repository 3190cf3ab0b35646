import type { MessageSignal } from "./product-data";

export interface Part {
  text: string;
  /** The signal that these words show. */
  kind?: string;
}

/** Cuts a text at its evidence. Spans count Unicode code points; where they overlap, the first wins. */
export function split(body: string, signals: MessageSignal[]): Part[] {
  const points = [...body];
  const parts: Part[] = [];
  let at = 0;
  for (const signal of [...signals].sort((a, b) => a.span_start - b.span_start)) {
    if (signal.span_start < at || signal.span_end > points.length) continue;
    if (signal.span_start > at) parts.push({ text: points.slice(at, signal.span_start).join("") });
    parts.push({ text: points.slice(signal.span_start, signal.span_end).join(""), kind: signal.kind });
    at = signal.span_end;
  }
  if (at < points.length) parts.push({ text: points.slice(at).join("") });
  return parts;
}
