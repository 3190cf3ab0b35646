import { useEffect, useRef, useState } from "react";

const TYPING_MS = 250;

/**
 * A text that is kept elsewhere while it is typed here. Who tells it there puts into `told` what they tell.
 *
 * What is told comes back late: the address follows in a transition, an edit is made by the host. It would take away what has
 * been typed since, so only another text than the one told is shown. Spaces around it may be lost on the way.
 */
export function useHeld(value: string) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    const isNews = value.trim() !== told.current.trim();
    told.current = value;
    if (isNews) setTyped(value);
  }, [value]);
  return { typed, setTyped, told };
}

/** A text that is kept in the address: what is typed is seen at once and told when a pause comes. */
export function useTyped(value: string, onChange: (text: string) => void): [string, (text: string) => void] {
  const { typed, setTyped, told } = useHeld(value);
  const tell = useRef(onChange);
  useEffect(() => {
    tell.current = onChange;
  });
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => {
      told.current = typed;
      tell.current(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, told]);
  return [typed, setTyped];
}
