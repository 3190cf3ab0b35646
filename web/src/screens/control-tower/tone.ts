export function toneOf(score: number | null): "good" | "fair" | "bad" | undefined {
  if (score === null) return undefined;
  if (score >= 75) return "good";
  return score >= 50 ? "fair" : "bad";
}
