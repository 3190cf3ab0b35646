import { type RefObject, useLayoutEffect, useRef } from "react";

const GLIDE_MS = 260;

/**
 * The items of a list glide from where they were to where they are, when others come or go: nothing
 * jumps. Each item is known by its `data-id`.
 */
export function useGlide(list: RefObject<HTMLElement | null>): void {
  const before = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    if (!list.current) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const now = new Map<string, number>();
    for (const item of list.current.children) {
      const { id = "" } = (item as HTMLElement).dataset;
      const top = (item as HTMLElement).offsetTop - list.current.offsetTop;
      now.set(id, top);
      const moved = (before.current.get(id) ?? top) - top;
      if (moved === 0 || still) continue;
      item.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
        duration: GLIDE_MS,
        easing: "ease-out",
      });
    }
    before.current = now;
  });
}
