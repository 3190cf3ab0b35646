import { useEffect, useRef } from "react";

import { isTyping, keyName } from "./key-name";
import { type Shortcut, shortcuts } from "./shortcuts";

const STORED = "cascade.keys";

/** Single keys can be switched off: they get in the way of speech input (WCAG 2.1.4). */
export const singleKeys = {
  get: () => localStorage.getItem(STORED) !== "off",
  set: (on: boolean) => localStorage.setItem(STORED, on ? "on" : "off"),
};

/** Shortcuts for as long as the component is there. `list` may be new each time; its keys may not change. */
export function useShortcuts(list: Shortcut[]): void {
  const latest = useRef(list);
  useEffect(() => {
    latest.current = list;
  });
  const keys = list.map((shortcut) => `${shortcut.keys}:${shortcut.label}`).join("\n");
  useEffect(
    () =>
      shortcuts.add(
        latest.current.map(({ keys, label, run }) => ({
          keys,
          label,
          run: run && (() => latest.current.find((shortcut) => shortcut.keys === keys)?.run?.()),
        })),
      ),
    [keys],
  );
}

/** Listens to the keyboard; once on a page. */
export function useKeyboard(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const key = keyName(event);
      if (!key) return;
      const combined = key.startsWith("mod+");
      if (!combined && (isTyping(event.target) || !singleKeys.get())) return;
      // A dialog has the keyboard for itself.
      if (document.querySelector("dialog[open]")) return;
      const found = shortcuts.press(key, performance.now());
      if (!found) return;
      event.preventDefault();
      found.run?.();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
