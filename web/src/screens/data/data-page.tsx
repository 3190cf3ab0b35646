import { useTranslation } from "#i18n";
import { NavLink } from "../../layout/link";
import { usePlaceParams } from "../../layout/place-params";

import { useScopedPath } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import "./data.css";
import { titleOf } from "./titles";
import { useViews } from "./view-data";
import { ViewPanel } from "./view-panel";

/** Every data key there is; the first, if the address names none. */
export default function DataPage() {
  const { t } = useTranslation();
  const { key } = usePlaceParams();
  const scoped = useScopedPath();
  const views = useViews();
  const items = views.data?.items;
  const view = key === undefined ? items?.[0] : items?.find((view) => view.key === key);
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
      {items?.length === 0 && <Empty>{t("data.no_views")}</Empty>}
      <nav className="tabs data-keys" aria-label={t("nav.data")}>
        {items?.map((each) => (
          <NavLink
            key={each.key}
            to={scoped(`/data/${encodeURIComponent(each.key)}`)}
            className={each === view ? "active" : undefined}
            title={each.description}
          >
            {titleOf(each.key)}
          </NavLink>
        ))}
      </nav>
      {items && items.length > 0 && !view && <Empty>{t("data.unknown", { key })}</Empty>}
      {view && <ViewPanel key={view.key} view={view} />}
    </>
  );
}
