import { useEffect, useRef, useState } from "react";
import { useTranslation } from "#i18n";
import { useShortcuts } from "../../keys/use-shortcuts";
import { lazyPart } from "../../layout/lazy-part";
import { usePageTitle } from "../../layout/page-title";
import { Pager } from "../../layout/pager";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { useNow } from "../../live/use-now";
import { FigureTabs } from "../figures/figure-tabs";
import "../jobs/jobs.css";
import { SORTS, type Sort } from "./filters";
import { useRunHistogram } from "./histogram/histogram-data";
import { MatchingActions } from "./matching";
import { RunTable, type RunTableHandle } from "./run-table";
import "./runs.css";
import { askTable, type BulkAction, isOver, isWhole, PER_PAGE, useRunTable } from "./runs-data";
import { SavedViews } from "./saved/saved-views";
import { useBulk } from "./use-bulk";
import { useRunFilters } from "./use-run-filters";
import { useSelection } from "./use-selection";

const BulkBar = lazyPart(() => import("./bulk-bar"));
const FilterBar = lazyPart(
  () => import("./filter-bar"),
  <div className="run-filters-wait skeleton" aria-busy="true" />,
  "of-screen",
);
const RunHistogram = lazyPart(
  () => import("./histogram/run-histogram"),
  <div className="histogram-waits skeleton" aria-busy="true" />,
  "of-screen",
);

export const ask = askTable;

/** Every run there is: filtered, ordered and paged by the host, all of it in the address. */
export default function RunsScreen() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const [filters, change] = useRunFilters();
  const runs = useRunTable(projectId, filters);
  const histogram = useRunHistogram(projectId, filters);
  const { chosen, toggle, clear } = useSelection();
  const bulk = useBulk(projectId);
  const [current, setCurrent] = useState<string>();
  const table = useRef<RunTableHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const items = runs.data?.items ?? [];
  const before = (filters.page - 1) * PER_PAGE;
  const now = useNow(items.some((run) => !isOver(run)) ? 1000 : 10_000);
  usePageTitle(
    filters.states.map((state) => t(`jobs.run_states.${state}`)).join(", "),
    filters.jobs.join(", "),
    t("nav.runs"),
  );

  const move = (step: number) => {
    const at = items.findIndex(({ id }) => id === current);
    const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1);
    const run = items[next];
    if (!run) return;
    setCurrent(run.id);
    table.current?.focus(next);
  };
  const act = (action: BulkAction) => {
    const ids = chosen.size > 0 ? [...chosen] : items.filter(({ id }) => id === current).map(({ id }) => id);
    bulk.ask(action, ids);
  };
  useShortcuts([
    { keys: "j", label: "keys.next", run: () => move(1) },
    { keys: "k", label: "keys.previous", run: () => move(-1) },
    { keys: "Enter", label: "keys.open" },
    { keys: "x", label: "keys.select", run: () => current && toggle([current]) },
    { keys: "r", label: "keys.retry", run: () => act("retry") },
    { keys: "c", label: "keys.cancel", run: () => act("cancel") },
    { keys: "/", label: "keys.search", run: () => search.current?.focus() },
  ]);
  // What was done with a selection needs it no more.
  const done = bulk.result?.done;
  useEffect(() => {
    if (done && done.length > 0) toggle(done, false);
  }, [done, toggle]);

  return (
    <>
      <div className="head wide">
        <div>
          <h1>{t("nav.runs")}</h1>
          <p className="muted">{t("runs.lead")}</p>
        </div>
        <LastUpdatedIndicator of={runs} />
      </div>
      <FigureTabs />
      <section className="panel runs-panel">
        <SavedViews filters={filters} />
        <FilterBar filters={filters} change={change} searchField={search} />
        <RunHistogram histogram={histogram} filters={filters} change={change} />
        <div className="runs-found">
          <span className="muted num" role="status" data-testid="runs-total" data-total={runs.data?.total}>
            {runs.data && t("runs.found", { count: runs.data.total })}
          </span>
          <MatchingActions filters={filters} total={runs.data?.total ?? 0} />
          <SortChoice sort={filters.sort} onSort={(sort) => change({ sort })} />
        </div>
        {runs.error && <Failure error={runs.error} retry={() => void runs.refresh()} />}
        {runs.loading && <Loading rows={8} />}
        {runs.data && items.length === 0 && <Empty>{t("jobs.no_runs")}</Empty>}
        {items.length > 0 && (
          <RunTable
            handle={table}
            runs={items}
            before={before}
            whole={isWhole(runs, before)}
            total={runs.data?.total ?? 0}
            sort={filters.sort}
            onSort={(sort) => change({ sort })}
            chosen={chosen}
            onSelect={toggle}
            current={current}
            onCurrent={setCurrent}
            now={now}
            stale={runs.refreshing}
          />
        )}
        {runs.data && (
          <Pager
            page={filters.page}
            perPage={PER_PAGE}
            total={runs.data.total}
            onPage={(page) => {
              change({ page });
              window.scrollTo({ top: 0 });
            }}
          />
        )}
      </section>
      {(chosen.size > 0 || bulk.armed || bulk.result || bulk.fault) && (
        <BulkBar bulk={bulk} ids={[...chosen]} onClear={clear} />
      )}
    </>
  );
}

/** The order, where there is no heading to click on. */
function SortChoice({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }) {
  const { t } = useTranslation();
  return (
    <label className="sort-choice">
      <span className="field-label">{t("runs.sort")}</span>
      <select value={sort} onChange={({ target }) => onSort(target.value as Sort)}>
        {SORTS.flatMap((key) => [
          <option key={`-${key}`} value={`-${key}`}>
            {t(`runs.sorts.${key}`)} ↓
          </option>,
          <option key={key} value={key}>
            {t(`runs.sorts.${key}`)} ↑
          </option>,
        ])}
      </select>
    </label>
  );
}
