/**
 * How well words fit a text; nothing if one of them does not. A word fits as a beginning of a word
 * best, then as a part, then as letters in order: `sgx` finds `signal_extractor`.
 */
export function fit(query: string, text: string): number | undefined {
  const within = text.toLowerCase();
  let total = 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = fitWord(word, within);
    if (score === undefined) return undefined;
    total += score;
  }
  return total;
}

function fitWord(word: string, text: string): number | undefined {
  const at = text.indexOf(word);
  if (at === 0) return 100;
  if (text.search(new RegExp(`[^\\p{L}\\p{N}]${escaped(word)}`, "u")) >= 0) return 80;
  if (at > 0) return 50;
  return word.length > 1 && inOrder(word, text) ? 10 : undefined;
}

/** The first letter begins a word: else long texts would fit almost anything. */
function inOrder(word: string, text: string): boolean {
  const begin = text.search(new RegExp(`(^|[^\\p{L}\\p{N}])${escaped(word.charAt(0))}`, "u"));
  if (begin < 0) return false;
  let at = begin;
  for (const letter of word) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

interface Matched {
  label: string;
  /** More words by which it is found. */
  words?: string;
}

/** Those that fit, the best first; of equals the earlier. What fits by its label goes before others. */
export function best<T extends Matched>(items: T[], query: string, most: number): T[] {
  const scored = items.flatMap((item, at) => {
    const byLabel = fit(query, item.label);
    const score = byLabel !== undefined ? byLabel + 1 : fit(query, `${item.label} ${item.words ?? ""}`);
    return score === undefined ? [] : [{ item, score, at }];
  });
  return scored
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, most)
    .map(({ item }) => item);
}
