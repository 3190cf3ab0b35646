import { useTranslation } from "#i18n";

import { usePageTitle } from "../../layout/page-title";
import { useProjectScope } from "../../layout/project-scope";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { FigureTabs } from "../figures/figure-tabs";
import { Deliveries } from "./deliveries";
import { DeliveryDrawer } from "./delivery-drawer";
import { HookItem } from "./hook-item";
import "./hooks.css";
import { OUTCOMES, useHooks } from "./hooks-data";

/** What others may have run, and what they sent: the hook, the filter and the delivery stand in the address. */
export default function HooksScreen() {
  const { t } = useTranslation();
  usePageTitle(t("nav.hooks"));
  const hooks = useHooks();
  const { slug } = useProjectScope();
  const { search, set } = useAddress();
  const items = hooks.data?.items.filter(({ project }) => !slug || project === null || project === slug);
  const chosen = items?.find(({ name }) => name === search.get("hook")) ?? items?.[0];
  const outcome = OUTCOMES.find((known) => known === search.get("outcome")) ?? "";
  const open = search.get("delivery");
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.hooks")}</h1>
          <p className="muted">{t("hooks.lead")}</p>
        </div>
        <LastUpdatedIndicator of={hooks} />
      </div>
      <FigureTabs />
      {hooks.error && <Failure error={hooks.error} retry={() => void hooks.refresh()} />}
      {hooks.loading && <Loading rows={3} />}
      {items?.length === 0 && <Empty>{t("hooks.none")}</Empty>}
      <ul className="hooks" aria-busy={hooks.refreshing}>
        {items?.map((hook) => (
          <HookItem
            key={hook.name}
            hook={hook}
            chosen={hook === chosen}
            onChoose={() => set({ hook: hook.name, outcome: "", before: "" })}
          />
        ))}
      </ul>
      {chosen && (
        <Deliveries
          hook={chosen.name}
          outcome={outcome}
          before={search.get("before") ?? ""}
          onChange={set}
          onOpen={(delivery) => set({ hook: chosen.name, delivery })}
        />
      )}
      {chosen && open && <DeliveryDrawer hook={chosen.name} id={open} onClose={() => set({ delivery: "" })} />}
    </>
  );
}
