import { useMemo } from "react";
import type { View } from "../../api/types";
import { lazyPart } from "../../layout/lazy-part";
import { chartOf } from "./chart";
import { useRows } from "./view-data";

const Plot = lazyPart(() => import("./plot"));
const MOST_ROWS = 200;

/** The chart that the row schema wishes, of the newest rows that the filters leave. */
export function ViewChart({
  view,
  filters,
  projectId,
}: {
  view: View;
  filters: Record<string, string>;
  projectId?: string;
}) {
  const chart = useMemo(() => chartOf(view.row_schema), [view]);
  return chart ? <Drawn view={view} chart={chart} filters={filters} projectId={projectId} /> : null;
}

interface DrawnProps {
  view: View;
  chart: NonNullable<ReturnType<typeof chartOf>>;
  filters: Record<string, string>;
  projectId?: string;
}

function Drawn({ view, chart, filters, projectId }: DrawnProps) {
  const newest = view.sortable.includes(chart.x.name) ? `-${chart.x.name}` : undefined;
  const rows = useRows(view.key, { ...filters, project_id: projectId, per_page: MOST_ROWS, sort: newest });
  // The table below tells of errors, and of no rows.
  if (!rows.data || rows.data.items.length === 0) return null;
  return (
    <div className="view-chart" data-testid="view-chart">
      <Plot chart={chart} rows={rows.data.items} />
    </div>
  );
}
