import { type ComponentType, type ReactNode, useEffect, useState } from "react";

import { serverBack } from "../api/reachability";
import { readTexts } from "../i18n";
import type { Part } from "../i18n/parts";

const RELOADED = "cascade.reloaded";
/** A second reload within this time would not help either. */
const RELOAD_MS = 30_000;

type Pending<P> = ReactNode | ((props: P) => ReactNode);
type Load<P> = () => Promise<{ default: ComponentType<P> }>;

/** A part of the page that is loaded when it is first drawn, or before if it is asked to. */
export type LazyPart<P> = ComponentType<P> & { preload: () => Promise<void> };

/**
 * A part that is loaded when it is drawn, with `pending` in its place until then. While the server is unable to give it,
 * it waits until the server answers and is then asked for again. A part that a running server does not give belongs to
 * another build of the page, so the page is loaded again; drafts are kept in the session's storage.
 *
 * All texts are there when it is drawn, unless a part of them is enough for it, or what the screen has that draws it.
 *
 * Not React's `lazy`: a boundary that shows its fallback keeps it for at least 300 ms, which is longer than most parts take.
 */
export function lazyPart<P extends object>(
  loadCode: Load<P>,
  pending: Pending<P> = null,
  texts: Part | "of-screen" = "rest",
): LazyPart<P> {
  const load = async () => (await Promise.all([loadCode(), texts !== "of-screen" && readTexts(texts)]))[0];
  let Part: ComponentType<P> | undefined;
  const take = (part: { default: ComponentType<P> }) => {
    Part = part.default;
  };
  function Lazy(props: P) {
    const [ready, setReady] = useState(Part !== undefined);
    const [failure, setFailure] = useState<Error>();
    useEffect(() => {
      let drawn = true;
      if (!ready) {
        loaded(load)
          .then(take)
          .then(
            () => drawn && setReady(true),
            (error: Error) => drawn && setFailure(error),
          );
      }
      return () => {
        drawn = false;
      };
    }, [ready]);
    if (failure) throw failure;
    if (Part) return <Part {...props} />;
    return typeof pending === "function" ? pending(props) : pending;
  }
  return Object.assign(Lazy, { preload: () => load().then(take) });
}

/** Loads a part, after an outage if need be. Fails when neither that nor a reload gets it. */
export async function loaded<T>(load: () => Promise<T>, reload = reloadOnce): Promise<T> {
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
