import { type ComponentType, type LazyExoticComponent, lazy } from "react";

import { serverBack } from "../api/reachability";

const RELOADED = "cascade.reloaded";
/** A second reload within this time would not help either. */
const RELOAD_MS = 30_000;

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

/**
 * `lazy` for a part that the server may be unable to give at the moment: the part waits until the server
 * answers and is then asked for again. A part that a running server does not give belongs to another
 * build of the page, so the page is loaded again; drafts are kept in the session's storage.
 */
export const lazyPart = <P,>(load: Load<P>): LazyExoticComponent<ComponentType<P>> => lazy(() => loaded(load));

/** Loads a part, after an outage if need be. Fails when neither that nor a reload gets it. */
export async function loaded<P>(load: Load<P>, reload = reloadOnce): Promise<{ default: ComponentType<P> }> {
  try {
    return await load();
  } catch {
    await serverBack();
    await fetchStylesAgain();
    return load().catch((error: unknown) => {
      if (!reload()) throw error;
      return new Promise<never>(() => {});
    });
  }
}

/** A stylesheet that could not be fetched stays as an empty link, which nothing asks for again. */
async function fetchStylesAgain(): Promise<void> {
  const failed = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')].filter(
    ({ sheet }) => !sheet,
  );
  await Promise.all(
    failed.map((old) => {
      const link = old.cloneNode() as HTMLLinkElement;
      return new Promise<void>((resolve) => {
        link.onload = link.onerror = () => resolve();
        old.replaceWith(link);
      });
    }),
  );
}

/** Whether the page is on its way out. */
function reloadOnce(): boolean {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < RELOAD_MS) return false;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
  return true;
}
