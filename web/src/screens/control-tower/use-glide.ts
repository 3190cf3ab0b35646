import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

const GLIDE_MS = 260;

const itemsOf = (list: HTMLElement) => [...list.children] as HTMLElement[];
const idOf = ({ dataset }: HTMLElement) => dataset.id ?? "";

/**
 * The items of a list glide from where they were to where they are, when others come or go: nothing
 * jumps. Each item is known by its `data-id`.
 *
 * To ask where something is makes the browser lay out the whole page at once. So that is asked while it is drawn only
 * where something moves, and else when the browser has laid it out by itself.
 */
export function useGlide(list: RefObject<HTMLElement | null>): void {
  const before = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    if (!list.current || before.current.size === 0) return;
    const items = itemsOf(list.current);
    if (items.map(idOf).join() === [...before.current.keys()].join()) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const { offsetTop } = list.current;
    for (const item of items) {
      const top = item.offsetTop - offsetTop;
      const moved = (before.current.get(idOf(item)) ?? top) - top;
      if (moved === 0) continue;
      item.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
        duration: GLIDE_MS,
        easing: "ease-out",
      });
    }
  });
  useEffect(() => {
    const note = () => {
      if (!list.current) return;
      const { offsetTop } = list.current;
      before.current = new Map(itemsOf(list.current).map((item) => [idOf(item), item.offsetTop - offsetTop]));
    };
    // After a frame, in which it is laid out.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(note);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  });
}
