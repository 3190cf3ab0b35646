import { Search } from "lucide-react";
import { useTranslation } from "#i18n";
import { usePageTitle } from "../../layout/page-title";

import { Pager } from "../../layout/pager";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { useTyped } from "../../layout/use-typed";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { useMay } from "../../session/rights";
import "./audit.css";
import { useAudit } from "./audit-data";
import { AuditRow } from "./audit-row";

/** Who did what: owners see it of their projects, administrators of all. */
export default function Audit() {
  const { t } = useTranslation();
  const owner = useMay("owner");
  return owner ? <AuditLog /> : <Empty>{t("session.needs.owner")}</Empty>;
}

function AuditLog() {
  const { t } = useTranslation();
  usePageTitle(t("audit.title"));
  const { search, set } = useAddress();
  const text = search.get("q") ?? "";
  const page = Math.max(1, Number(search.get("page")) || 1);
  const [typed, setTyped] = useTyped(text, (q) => set({ q, page: "" }, { replace: true }));
  const audit = useAudit(text, page);
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("audit.title")}</h1>
          <p className="muted">{t("audit.lead")}</p>
        </div>
        <LastUpdatedIndicator of={audit} />
      </div>
      <section className="panel">
        <search className="audit-search">
          <Search size={15} aria-hidden />
          <input
            type="search"
            aria-label={t("audit.search")}
            placeholder={t("audit.search")}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          />
        </search>
        {audit.error && <Failure error={audit.error} retry={() => void audit.refresh()} />}
        {audit.loading && <Loading rows={6} />}
        {audit.data?.items.length === 0 && <Empty>{t(text ? "audit.no_match" : "audit.none")}</Empty>}
        {audit.data && audit.data.items.length > 0 && (
          <table className="audit" aria-busy={audit.refreshing}>
            <thead>
              <tr>
                {["at", "who", "what", "target", "project", "address"].map((column) => (
                  <th key={column} scope="col">
                    {t(`audit.columns.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {audit.data.items.map((entry) => (
                <AuditRow key={entry.seq} entry={entry} />
              ))}
            </tbody>
          </table>
        )}
        {audit.data && (
          <Pager
            page={page}
            perPage={audit.data.per_page}
            total={audit.data.total}
            onPage={(next) => set({ page: next > 1 ? String(next) : "" })}
          />
        )}
      </section>
    </>
  );
}
