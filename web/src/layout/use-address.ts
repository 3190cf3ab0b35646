import { useCallback, useMemo } from "react";
import { useLocation, useNavigate } from "react-router";

interface Options {
  /** Takes the place of the current entry in the browser's history, so that "back" does not stop at it. */
  replace?: boolean;
  /**
   * Applies even if another page has been opened since the render that this comes from: for what all pages share, such as
   * the project. Otherwise the change is dropped, as it is of a page that is being left.
   */
  onAnyPage?: boolean;
}

/** Gets a copy of what stands in the address now, and returns what is to stand there. */
type Write = (now: URLSearchParams) => URLSearchParams;

/**
 * What stands in the search part of the address, and how to change it.
 *
 * `search` is that of the render. A change starts from `window.location` instead: the router writes there at once, but renders
 * in a transition, which may be interrupted or wait for code. Of two changes within that time, the second would otherwise
 * start from a value without the first, and undo it (react-router's own `setSearchParams` does, also when it is given a
 * function).
 *
 * `change` and `set` stay the same functions until the path changes.
 */
export function useAddress() {
  const { pathname, search: text } = useLocation();
  const navigate = useNavigate();
  const search = useMemo(() => new URLSearchParams(text), [text]);
  const change = useCallback(
    (write: Write, { replace = false, onAnyPage = false }: Options = {}) => {
      const now = window.location;
      if (now.pathname !== pathname && !onAnyPage) return;
      // With the path: the router would resolve a search alone against the path of the render.
      void navigate({ pathname: now.pathname, search: `${write(new URLSearchParams(now.search))}` }, { replace });
    },
    [navigate, pathname],
  );
  /** Writes these values; one that is empty is taken out. */
  const set = useCallback(
    (values: Record<string, string | undefined>, options?: Options) =>
      change((now) => {
        for (const [name, value] of Object.entries(values)) {
          if (value) now.set(name, value);
          else now.delete(name);
        }
        return now;
      }, options),
    [change],
  );
  return { search, change, set };
}
