import { useTranslation } from "#i18n";

import type { Run, WhyRun } from "../../api/types";
import { Failure } from "../../layout/states";
import type { Polled } from "../../live/use-polled-query";
import { Reasons } from "./reasons";
import { hasBegun } from "./why-data";

/** Why a run is there, and what keeps it from beginning. */
export function RunWhy({ run, why }: { run: Run; why: Polled<WhyRun> }) {
  const { t } = useTranslation();
  const place = { job: run.job_type, project_id: run.project_id };
  const { because = [] } = why.data ?? {};
  const waits = hasBegun(run) ? [] : (why.data?.waits ?? []);
  if (why.error) return <Failure error={why.error} retry={() => void why.refresh()} />;
  if (because.length + waits.length === 0) return null;
  return (
    <section className="panel why" aria-label={t("why.title")} data-testid="why">
      {waits.length > 0 && (
        <div>
          <h2>{t("why.waits")}</h2>
          <Reasons reasons={waits} place={place} />
        </div>
      )}
      <div>
        <h2>{t("why.because")}</h2>
        <Reasons reasons={because} place={place} past />
      </div>
    </section>
  );
}
