import { useEffect, useRef, useState } from "react";

const TYPING_MS = 250;

/**
 * A text that is kept elsewhere, in the address, while it is typed here: what is typed is seen at once
 * and told when a pause comes.
 */
export function useTyped(value: string, onChange: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(value);
  const tell = useRef(onChange);
  useEffect(() => {
    tell.current = onChange;
  });
  // It may change by another way than by typing.
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => tell.current(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return [typed, setTyped];
}
