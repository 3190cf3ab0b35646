import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import { useFault } from "../../api/reachability";
import type { Action, View } from "../../api/types";
import { usePageTitle } from "../../layout/page-title";
import { Pager } from "../../layout/pager";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { columnsOf } from "./columns";
import { DataTable } from "./data-table";
import { FilterBar } from "./filter-bar";
import { filtersOf } from "./filters";
import { titleOf } from "./titles";
import { useViewQuery } from "./use-view-query";
import { ViewChart } from "./view-chart";
import { useRows } from "./view-data";
import { ViewFacts } from "./view-facts";

const PER_PAGE = 25;

/** Any view as a chart and a table, from its own schemas: what a key without a hand-made screen gets. */
export function ViewPanel({ view }: { view: View }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { projectId } = useProjectScope();
  const query = useViewQuery(view);
  const rows = useRows(view.key, {
    ...query.filters,
    project_id: projectId,
    page: query.page,
    per_page: PER_PAGE,
    sort: query.sort,
  });
  const filters = useMemo(() => filtersOf(view.filter_schema, columnsOf(view.row_schema)), [view]);
  usePageTitle(titleOf(view.key), t("nav.data"));
  const [fault, setFault] = useFault();
  const [done, setDone] = useState<Action>();
  const finish = (action: Action) => {
    setFault(undefined);
    setDone(action);
    // An action may touch more than its own view.
    void client.invalidateQueries({ queryKey: ["data"] });
  };
  const beyond = rows.data?.page === query.page && rows.data.items.length === 0 && rows.data.total > 0;
  const { turnTo } = query;
  useEffect(() => {
    if (beyond) turnTo(1);
  }, [beyond, turnTo]);
  const error = fault ?? rows.error;
  const filtered = Object.keys(query.filters).length > 0;
  return (
    <section className="panel">
      <header>
        <div>
          <h2>{titleOf(view.key)}</h2>
          <p className="muted">{view.description}</p>
        </div>
        <LastUpdatedIndicator of={rows} />
      </header>
      <ViewFacts view={view} />
      <FilterBar filters={filters} values={query.filters} onFilter={query.filterBy} onClear={query.clear} />
      {done && (
        <p className="toast" role="status">
          {t("data.done", { action: titleOf(done.name) })}
        </p>
      )}
      {error && (
        <Failure
          error={error}
          retry={() => {
            setFault(undefined);
            void rows.refresh();
          }}
        />
      )}
      {rows.loading && <Loading />}
      <ViewChart view={view} filters={query.filters} projectId={projectId} />
      {rows.data?.items.length === 0 && <Empty>{t(filtered ? "data.no_match" : "data.none")}</Empty>}
      {rows.data && rows.data.items.length > 0 && (
        <DataTable
          view={view}
          rows={rows.data.items}
          sort={query.sort}
          oneProject={projectId !== undefined}
          onSort={query.sortBy}
          onDone={finish}
          onFault={setFault}
        />
      )}
      {rows.data && (
        <Pager page={query.page} perPage={rows.data.per_page} total={rows.data.total} onPage={query.turnTo} />
      )}
    </section>
  );
}
