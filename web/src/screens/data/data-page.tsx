import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, useParams } from "react-router";

import { get } from "../../api/client";
import type { Page } from "../../api/types";
import { Pager } from "../../layout/pager";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { usePolledQuery } from "../../live/use-polled-query";

interface View {
  key: string;
  description: string;
  row_schema: { properties?: Record<string, { description?: string }> };
}

type Row = Record<string, unknown>;

/** Any view as a table, from its own schema: what a key without a hand-made screen gets. */
export default function DataPage() {
  const { t } = useTranslation();
  const { key } = useParams();
  const views = usePolledQuery(["views"], () => get<{ items: View[] }>("/data"), 60_000);
  const view = views.data?.items.find((view) => view.key === key) ?? views.data?.items[0];
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.data")}</h1>
          <p className="muted">{t("data.lead")}</p>
        </div>
      </div>
      {views.error && <Failure error={views.error} retry={() => void views.refresh()} />}
      {views.loading && <Loading />}
      <nav className="tabs">
        {views.data?.items.map((each) => (
          <NavLink key={each.key} to={`/data/${each.key}`} className={each === view ? "active" : undefined}>
            {each.key}
          </NavLink>
        ))}
      </nav>
      {view && <Table key={view.key} view={view} />}
    </>
  );
}

function Table({ view }: { view: View }) {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const [page, setPage] = useState(1);
  useEffect(() => setPage(1), [projectId]);
  const query = { project_id: projectId, page, per_page: 25 };
  const rows = usePolledQuery(["data", view.key, query], () => get<Page<Row>>(`/data/${view.key}`, query), 30_000);
  const columns = Object.entries(view.row_schema.properties ?? {});
  return (
    <section className="panel">
      <header>
        <p className="muted">{view.description}</p>
        <LastUpdatedIndicator of={rows} />
      </header>
      {rows.error && <Failure error={rows.error} retry={() => void rows.refresh()} />}
      {rows.loading && <Loading />}
      {rows.data?.items.length === 0 && <Empty>{t("data.none")}</Empty>}
      {rows.data && rows.data.items.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                {columns.map(([name, { description }]) => (
                  <th key={name} title={description}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.data.items.map((row, at) => (
                <tr key={at}>
                  {columns.map(([name]) => (
                    <td key={name} className="num">
                      {shown(row[name])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.data && <Pager page={page} perPage={rows.data.per_page} total={rows.data.total} onPage={setPage} />}
    </section>
  );
}

const LONGEST = 120;

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
