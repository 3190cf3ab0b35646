import { Suspense, lazy } from "react";

import type { Card } from "./product-data";

const Plot = lazy(() => import("./trend-plot"));

/** The chart library is loaded after the figures are on screen; its place is kept. */
export function TrendChart({ trend }: { trend: Card["trend"] }) {
  return (
    <div className="trend">
      <Suspense fallback={null}>
        <Plot trend={trend} />
      </Suspense>
    </div>
  );
}
