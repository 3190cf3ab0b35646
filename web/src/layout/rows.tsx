import { type Key, type ReactNode, type RefObject, useLayoutEffect, useState } from "react";

import { lazyPart } from "./lazy-part";

/** Which rows are in the document, and how much room the others take. */
export interface RowsShown {
  rows: readonly { index: number; key: Key }[];
  above: number;
  below: number;
  total: number;
  /** To be told of the element of each row. */
  measure: (row: Element | null) => void;
  /** Scrolls so that a row is in view. */
  bring: (index: number) => void;
}

export interface RowsProps {
  count: number;
  /** How high a row is, before it is measured. */
  rowPx: number;
  /** Where the first row begins, from the top of the page. */
  top: number;
  keyOf: (index: number) => Key;
  children: (shown: RowsShown) => ReactNode;
}

/** About as many as a high window has room for. */
const FIRST_ROWS = 30;

/** Where an element begins, from the top of the page. */
function useTopOf(element: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      if (element.current) setTop(element.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [element]);
  return top;
}

/**
 * Until the code that follows the scrolling has come there are the first rows; a table asks for it as the table itself
 * comes, and on a fast line it is there as soon.
 */
const Shown = lazyPart<RowsProps>(
  () => import("./rows-in-view"),
  ({ count, rowPx, keyOf, children }) => {
    const rows = Array.from({ length: Math.min(count, FIRST_ROWS) }, (_, index) => ({ index, key: keyOf(index) }));
    const below = (count - rows.length) * rowPx;
    return children({ rows, above: 0, below, total: count * rowPx, measure: () => {}, bring: () => {} });
  },
  "of-screen",
);

function RowsOf({ body, ...rows }: Omit<RowsProps, "top"> & { body: RefObject<HTMLElement | null> }) {
  return <Shown {...rows} top={useTopOf(body)} />;
}

/** The rows of a table as long as it may be, which stand in `body`. */
export const Rows = Object.assign(RowsOf, { preload: Shown.preload });
