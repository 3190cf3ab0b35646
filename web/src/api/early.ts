/**
 * Answers that the page asks for before the code that needs them is there. They count for the page's start alone: what is not
 * taken by then is asked for again.
 */
const START_MS = 10_000;

interface Early {
  answer: Promise<Response | undefined>;
  askedAt: number;
}

const asked = new Map<string, Early>();

/** Asks at once. The answer is kept for {@link takeEarly}; a copy of it is the result, if it is a good one. */
export async function askEarly(path: string): Promise<Response | undefined> {
  const answer = fetch(`/api${path}`).then(
    (given) => (given.ok ? given : undefined),
    () => undefined,
  );
  asked.set(path, { answer, askedAt: performance.now() });
  return (await answer)?.clone();
}

/** The answer that was asked for early, once; nothing where it was not a good one. */
export function takeEarly(path: string): Promise<Response | undefined> | undefined {
  const early = asked.get(path);
  asked.delete(path);
  return early && performance.now() - early.askedAt < START_MS ? early.answer : undefined;
}
