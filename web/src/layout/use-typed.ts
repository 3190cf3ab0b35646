import { useEffect, useRef, useState } from "react";

const TYPING_MS = 250;

/**
 * A text that is kept elsewhere, in the address, while it is typed here: what is typed is seen at once
 * and told when a pause comes.
 */
export function useTyped(value: string, onChange: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const tell = useRef(onChange);
  useEffect(() => {
    tell.current = onChange;
  });
  useEffect(() => {
    // The address follows in a transition, which may take a while: what was told here comes back late, perhaps without the
    // spaces around it, and would take away what has been typed since.
    const isNews = value.trim() !== told.current.trim();
    told.current = value;
    // It may change by another way than by typing.
    if (isNews) setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => {
      told.current = typed;
      tell.current(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return [typed, setTyped];
}
