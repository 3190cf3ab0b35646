import { useTranslation } from "#i18n";

import type { RunState } from "../../api/types";
import "./end-marks.css";

/** How runs ended, oldest first: a mark each, high for a failure, so that color alone tells nothing. */
export function EndMarks({ ends }: { ends: RunState[] }) {
  const { t } = useTranslation();
  if (ends.length === 0) return null;
  const failed = ends.filter((state) => state === "failed").length;
  return (
    <span className="marks" role="img" aria-label={t("jobs.trend_says", { count: ends.length, failed })}>
      {ends.map((state, at) => (
        <i key={at} data-state={state} />
      ))}
    </span>
  );
}
