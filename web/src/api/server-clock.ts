import { useEffect, useState } from "react";

const STEP_MS = 1000;

/** How far the server's clock is ahead of this one, in ms: whole seconds, from the head of its answers. */
let ahead = 0;

/** Notes the time at which an answer was sent; that it is unchanged, the server says with a new time. */
export function noteServerTime(date: string | null, now = Date.now()): void {
  const sent = Date.parse(date ?? "");
  // Within a second both clocks may well agree: an answer's time has no fractions.
  if (!Number.isNaN(sent)) ahead = Math.abs(sent - now) <= 2000 ? 0 : sent - now;
}

export const serverNow = (): number => Date.now() + ahead;

/** The server's time, which moves on each second. */
export function useServerNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
