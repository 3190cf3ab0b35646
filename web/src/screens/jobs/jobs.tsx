import { useTranslation } from "#i18n";

import { lazyPart } from "../../layout/lazy-part";
import { useProjectScope } from "../../layout/project-scope";
import { Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import "./jobs.css";
import { JobsAtSize } from "./jobs-at-size";
import { askSummaries, summaryQueryOf, useFirstSummaries } from "./summary-data";

const AllSchedules = lazyPart(() => import("./all-schedules"), <Loading rows={6} />, "of-screen");

/** So many schedules are listed one by one; of more, each job is a row that unfolds to its projects. */
const MOST_LISTED = 200;

export const ask = askSummaries;

export default function Jobs() {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const { search } = useAddress();
  // The rows that the table of summaries begins with: it needs no second request.
  const size = useFirstSummaries(projectId, summaryQueryOf(search));
  if (size.data) return size.data.schedules > MOST_LISTED ? <JobsAtSize /> : <AllSchedules />;
  return (
    <>
      <div className="head">
        <div>
          <h1>{t("nav.jobs")}</h1>
          <p className="muted">{t("jobs.lead")}</p>
        </div>
      </div>
      {size.error ? <Failure error={size.error} retry={() => void size.refresh()} /> : <Loading rows={6} />}
    </>
  );
}
