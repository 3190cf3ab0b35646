import { useState } from "react";
import { useTranslation } from "#i18n";
import { lazyPart } from "../../layout/lazy-part";
import { Link } from "../../layout/link";
import { usePageTitle } from "../../layout/page-title";
import { useProjectScope, useScopedPath } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { useTyped } from "../../layout/use-typed";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { RunsLink } from "../runs/runs-link";
import { useSelection } from "../runs/use-selection";
import { JobTools } from "./job-tools";
import "./jobs-at-size.css";
import { STANDS, summaryQueryOf, useSummaryRows } from "./summary-data";
import { SummaryTable } from "./summary-table";

const ManyBar = lazyPart(() => import("./many-bar"));

/** One row a job, however many projects there are; search, filter and order stand in the address. */
export function JobsAtSize() {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const { projectId } = useProjectScope();
  const { search, set: write } = useAddress();
  const set = (name: string, value: string) => write({ [name]: value }, { replace: true });
  const query = summaryQueryOf(search);
  const { q, sort } = query;
  const states = STANDS.filter((state) => query.state.split(",").includes(state));
  const [typed, setTyped] = useTyped(q, (text) => set("q", text));
  const [seen, setSeen] = useState({ begin: 0, end: 0 });
  const { chosen, toggle, clear } = useSelection();
  // Once there it stays, as it says what was done with what is selected no more.
  const [many, setMany] = useState(false);
  if (chosen.size > 0 && !many) setMany(true);
  const rows = useSummaryRows(projectId, query, seen);
  const { first, error } = rows;
  const failing = first?.states.failing ?? 0;
  usePageTitle(failing > 0 ? t("jobs.failing", { count: failing }) : "", t("nav.jobs"));
  return (
    <>
      <div className="head wide">
        <div>
          <h1>{t("nav.jobs")}</h1>
          <p className="muted">
            {t("jobs.lead")} · <Link to={scoped("/graph")}>{t("jobs.to_graph")}</Link> ·{" "}
            <RunsLink>{t("runs.all")}</RunsLink>
          </p>
        </div>
        <LastUpdatedIndicator of={rows.status} />
      </div>
      {error && <Failure error={error} retry={() => void rows.status.refresh()} />}
      <section className="panel jobs-at-size">
        <JobTools
          text={typed}
          onText={setTyped}
          totals={first?.states}
          states={states}
          onStates={(wanted) => set("state", wanted.join(","))}
          sort={sort}
          onSort={(wanted) => set("sort", wanted === "name" ? "" : wanted)}
        />
        <p className="muted num" role="status" data-testid="jobs-total" data-total={first?.total}>
          {first ? t("jobs.found", { count: first.total }) : "\u00a0"}
        </p>
        {!first && !error && <Loading rows={8} />}
        {first?.total === 0 && <Empty>{t("jobs.none_found")}</Empty>}
        {first && first.total > 0 && (
          <SummaryTable
            key={JSON.stringify([projectId, query])}
            total={first.total}
            at={rows.at}
            groupBy={sort === "state" || sort === "plugin" ? sort : undefined}
            chosen={chosen}
            onSelect={toggle}
            onSeen={setSeen}
          />
        )}
      </section>
      {many && <ManyBar jobs={[...chosen]} onClear={clear} />}
    </>
  );
}
