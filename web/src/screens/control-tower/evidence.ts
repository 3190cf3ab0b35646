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

/** Shorter words are in every text, unless they are figures or names such as API. */
const SHORTEST = 4;
const telling = (word: string) => word.length >= SHORTEST || /[\p{Lu}\p{N}]{2}/u.test(word);

/** Cuts a text at the words that were searched for, whatever their endings: `dates` finds `date`. */
export function hits(text: string, search: string): { text: string; hit: boolean }[] {
  const stems = (search.match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter(telling)
    .map((word) => word.toLowerCase().slice(0, word.length > 5 ? -2 : word.length > 3 ? -1 : undefined));
  const parts: { text: string; hit: boolean }[] = [];
  for (const piece of text.split(/([\p{L}\p{N}]+)/u)) {
    if (piece === "") continue;
    const hit = stems.some((stem) => piece.length <= stem.length + 4 && piece.toLowerCase().startsWith(stem));
    const last = parts.at(-1);
    if (last && !last.hit && !hit) last.text += piece;
    else parts.push({ text: piece, hit });
  }
  return parts;
}
