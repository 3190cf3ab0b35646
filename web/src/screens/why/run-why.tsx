import { useTranslation } from "react-i18next";

import type { Run } from "../../api/types";
import { Failure } from "../../layout/states";
import { Reasons } from "./reasons";
import { useWhyRun } from "./why-data";

/** Why a run is there, and what keeps it from beginning. */
export function RunWhy({ run }: { run: Run }) {
  const { t } = useTranslation();
  const why = useWhyRun(run);
  const place = { job: run.job_type, project_id: run.project_id };
  const { because = [], waits = [] } = why.data ?? {};
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
