import { useEffect } from "react";

const APP = "Cascade";

let screen: string[] = [];
let notice = "";

function write(): void {
  document.title = [notice, ...screen, APP].filter(Boolean).join(" · ");
}

/**
 * The name of the screen in the browser's tab, what changes first: `failed · nightly_sync · Cascade`. Parts
 * that are empty are left out.
 */
export function usePageTitle(...parts: (string | undefined)[]): void {
  const title = parts.filter(Boolean).join(" · ");
  useEffect(() => {
    const mine = [title];
    screen = mine;
    write();
    return () => {
      // The next screen may have set its own by now.
      if (screen !== mine) return;
      screen = [];
      write();
    };
  }, [title]);
}

/** What matters more than the screen, in front of its name; none if empty. */
export function useTitleNotice(text: string): void {
  useEffect(() => {
    notice = text;
    write();
    return () => {
      notice = "";
      write();
    };
  }, [text]);
}
