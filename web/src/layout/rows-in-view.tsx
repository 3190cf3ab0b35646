import { useWindowVirtualizer } from "@tanstack/react-virtual";

import type { RowsProps } from "./rows";

/** The bar at the top of the page covers this much. */
const COVERED_PX = 72;

/** The rows of a long table that are in view, as the page is scrolled. */
export default function RowsInView({ count, rowPx, top, keyOf, children }: RowsProps) {
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: top,
    scrollPaddingStart: COVERED_PX,
    scrollPaddingEnd: COVERED_PX,
    getItemKey: keyOf,
  });
  const rows = virtual.getVirtualItems();
  const total = virtual.getTotalSize();
  return children({
    rows,
    above: rows[0] ? rows[0].start - top : 0,
    below: total - ((rows.at(-1)?.end ?? top) - top),
    total,
    measure: virtual.measureElement,
    bring: (index) => virtual.scrollToIndex(index, { align: "auto" }),
  });
}
