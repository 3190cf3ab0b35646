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

/**
 * Asks as soon as `wanted` has come true. From now on the first who takes the answer waits for that: were it not known here
 * until then, a screen that is faster would ask for itself, and be given this answer as a later one. A copy of the answer is
 * the result, if it is a good one.
 */
export async function askEarly(path: string, wanted?: Promise<boolean>): Promise<Response | undefined> {
  const ask = async () => {
    if (wanted && !(await wanted)) return undefined;
    const given = await fetch(`/api${path}`);
    return given.ok ? given : undefined;
  };
  const answer = ask().catch(() => undefined);
  asked.set(path, { answer, askedAt: performance.now() });
  return (await answer)?.clone();
}

/** Whether this was asked for early and has come, with a good answer, and nobody has taken it yet. */
export async function hasEarly(path: string): Promise<boolean> {
  return (await asked.get(path)?.answer) !== undefined;
}

/** The answer that was asked for early, once; nothing where it was not a good one. */
export function takeEarly(path: string): Promise<Response | undefined> | undefined {
  const early = asked.get(path);
  asked.delete(path);
  return early && performance.now() - early.askedAt < START_MS ? early.answer : undefined;
}
