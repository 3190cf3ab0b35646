/**
 * Addresses and what is shown at them: the part of a router that this page needs. All addresses are absolute, or a query of the
 * path that is shown (`?page=2`).
 */
import {
  type AnchorHTMLAttributes,
  createContext,
  type MouseEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";

import { matchPath } from "./match";

export interface Place {
  pathname: string;
  search: string;
  hash: string;
}

export interface GoOptions {
  /** In place of the entry of the history that is shown, and not after it. */
  replace?: boolean | undefined;
}

export type Navigate = (to: string, options?: GoOptions) => void;

/** What holds the address. */
interface Addresses {
  current: () => Place;
  subscribe: (listener: () => void) => () => void;
  go: Navigate;
}

const same = (a: Place, b: Place) => a.pathname === b.pathname && a.search === b.search && a.hash === b.hash;

function placeFrom(to: string, from: Place): Place {
  // A base that is never seen: it only lets `?a=b` and `/a` be read.
  const { pathname, search, hash } = new URL(to, `http://a${from.pathname}${from.search}`);
  return { pathname, search, hash };
}

/** The address of the browser, whose entries before and after are kept by it. */
function inBrowser(): Addresses {
  const read = (): Place => ({
    pathname: window.location.pathname,
    search: window.location.search,
    hash: window.location.hash,
  });
  let place = read();
  const listeners = new Set<() => void>();
  const take = () => {
    const next = read();
    if (same(next, place)) return;
    place = next;
    for (const listener of listeners) listener();
  };
  return {
    current: () => place,
    subscribe: (listener) => {
      if (listeners.size === 0) window.addEventListener("popstate", take);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) window.removeEventListener("popstate", take);
      };
    },
    go: (to, { replace = false } = {}) => {
      const { pathname, search, hash } = placeFrom(to, read());
      window.history[replace ? "replaceState" : "pushState"](null, "", pathname + search + hash);
      take();
    },
  };
}

/** An address that only this part of a page knows: for tests. */
function inMemory(first: string): Addresses {
  let place = placeFrom(first, { pathname: "/", search: "", hash: "" });
  const listeners = new Set<() => void>();
  return {
    current: () => place,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    go: (to) => {
      place = placeFrom(to, place);
      for (const listener of listeners) listener();
    },
  };
}

const AddressesContext = createContext<Addresses>(inMemory("/"));
const NamedContext = createContext<Record<string, string | undefined>>({});

export function BrowserRouter({ children }: { children: ReactNode }) {
  const [addresses] = useState(inBrowser);
  return <AddressesContext value={addresses}>{children}</AddressesContext>;
}

export function MemoryRouter({ initialEntries, children }: { initialEntries?: string[]; children: ReactNode }) {
  const [addresses] = useState(() => inMemory(initialEntries?.[0] ?? "/"));
  return <AddressesContext value={addresses}>{children}</AddressesContext>;
}

export function useLocation(): Place {
  const { subscribe, current } = useContext(AddressesContext);
  return useSyncExternalStore(subscribe, current);
}

/** The same function for as long as the page is there. */
export const useNavigate = (): Navigate => useContext(AddressesContext).go;

/** What the address names, by the pattern of {@link Routes}. */
export const useParams = (): Record<string, string | undefined> => useContext(NamedContext);

type NextSearch = URLSearchParams | Record<string, string> | ((before: URLSearchParams) => URLSearchParams);

/** The query of the address. A function is given what it is now, which may be newer than what was drawn. */
export function useSearchParams(): [URLSearchParams, (next: NextSearch, options?: GoOptions) => void] {
  const { current, go } = useContext(AddressesContext);
  const { search } = useLocation();
  const set = useCallback(
    (next: NextSearch, options?: GoOptions) => {
      const given =
        typeof next === "function" ? next(new URLSearchParams(current().search)) : new URLSearchParams(next);
      const { pathname } = current();
      go(given.size > 0 ? `${pathname}?${given}` : pathname, options);
    },
    [current, go],
  );
  return [useMemo(() => new URLSearchParams(search), [search]), set];
}

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  to: string;
  replace?: boolean;
  ref?: Ref<HTMLAnchorElement>;
}

export function Link({ to, replace, onClick, ...rest }: LinkProps) {
  const here = useLocation();
  const go = useNavigate();
  const { pathname, search, hash } = placeFrom(to, here);
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    // Everything else is the browser's: another tab, a download, a menu.
    const isPlain = event.button === 0 && !event.metaKey && !event.altKey && !event.ctrlKey && !event.shiftKey;
    if (event.defaultPrevented || !isPlain || (rest.target && rest.target !== "_self")) return;
    event.preventDefault();
    const next = { pathname, search, hash };
    go(pathname + search + hash, { replace: replace ?? same(next, here) });
  };
  return <a {...rest} href={pathname + search + hash} onClick={follow} />;
}

interface NavLinkProps extends Omit<LinkProps, "className"> {
  className?: string | ((at: { isActive: boolean }) => string | undefined) | undefined;
  /** Only its own address counts, and none beneath it. */
  end?: boolean;
}

/** A link that says whether the page is at its address or beneath it. */
export function NavLink({ className, end = false, ...rest }: NavLinkProps) {
  const here = useLocation();
  const of = (path: string) => path.toLowerCase().replace(/\/+$/, "");
  const [own, shown] = [of(placeFrom(rest.to, here).pathname), of(here.pathname)];
  const isActive = shown === own || (!end && shown.startsWith(`${own}/`));
  const given = typeof className === "function" ? className({ isActive }) : className;
  const classes = typeof className === "function" ? given : [given, isActive && "active"].filter(Boolean).join(" ");
  return <Link {...rest} className={classes || undefined} aria-current={isActive ? "page" : undefined} />;
}

/** Goes on to another address as soon as it is drawn. */
export function Navigate({ to, replace }: { to: string; replace?: boolean }) {
  const go = useNavigate();
  useEffect(() => go(to, { replace }), [go, to, replace]);
  return null;
}

/** Draws the first of these whose pattern the address fits. */
export function Routes({ of }: { of: readonly { path: string; element: ReactNode }[] }) {
  const { pathname } = useLocation();
  for (const { path, element } of of) {
    const named = matchPath(path, pathname);
    if (named)
      return (
        <NamedContext key={path} value={named}>
          {element}
        </NamedContext>
      );
  }
  return null;
}
