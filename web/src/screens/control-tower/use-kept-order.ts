import { useMemo, useRef } from "react";

/**
 * The items in the order in which they first came, while the screen is open: a score that changes
 * must not make cards change places under the pointer. New ones come last.
 */
export function useKeptOrder<T>(items: T[] | undefined, idOf: (item: T) => string): T[] | undefined {
  const order = useRef(new Map<string, number>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: the order of what is known does not depend on how it is named
  return useMemo(() => {
    if (!items) return undefined;
    const known = order.current;
    for (const item of items) if (!known.has(idOf(item))) known.set(idOf(item), known.size);
    const place = (item: T) => known.get(idOf(item)) ?? 0;
    return [...items].sort((a, b) => place(a) - place(b));
  }, [items]);
}
