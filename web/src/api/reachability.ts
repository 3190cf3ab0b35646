import { useEffect, useState } from "react";

import { isOutage } from "./outage";

const FIRST_PAUSE_MS = 500;
/** A page notices within this time that the server is back. */
const LONGEST_PAUSE_MS = 2500;

let away = false;
let asking: Promise<void> | undefined;
let hurry: () => void = () => {};
const returns = new Set<() => void>();

/** A request has found nobody: the server is asked until it answers, and then `onBack` is told. */
export function serverAway(): void {
  set(true);
  void serverBack();
}

/** Resolves once the server answers; at once if it does so now. All callers share one question. */
export function serverBack(): Promise<void> {
  asking ??= ask().finally(() => {
    asking = undefined;
  });
  return asking;
}

/** Asks now and not after the pause: somebody waits for it. */
export const askNow = (): void => hurry();

/** Called each time the server answers again. Returns what ends it. */
export function onBack(told: () => void): () => void {
  returns.add(told);
  return () => void returns.delete(told);
}

/** What went wrong with an action. That the server was away is forgotten once it is back: one may try again. */
export function useFault<T = Error>(): [T | undefined, (fault: T | undefined) => void] {
  const [fault, setFault] = useState<T>();
  useEffect(() => onBack(() => setFault((known) => (isOutage(known) ? undefined : known))), []);
  return [fault, setFault];
}

async function ask(): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; !(await answers()); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    set(true);
    await rest(pause);
  }
  set(false);
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch("/api/health", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    hurry = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function set(next: boolean): void {
  if (next === away) return;
  away = next;
  if (!away) for (const told of returns) told();
}

globalThis.addEventListener?.("online", askNow);
