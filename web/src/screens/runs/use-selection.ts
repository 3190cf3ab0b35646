import { useCallback, useState } from "react";

/** What is selected, by id; it stays over a refetch and a turn of the page. */
export function useSelection() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set());
  const toggle = useCallback((ids: string[], on?: boolean) => {
    setChosen((before) => {
      const after = new Set(before);
      for (const id of ids) {
        if (on ?? !before.has(id)) after.add(id);
        else after.delete(id);
      }
      return after;
    });
  }, []);
  const clear = useCallback(() => setChosen(new Set()), []);
  return { chosen, toggle, clear };
}
