import { useTranslation } from "#i18n";

import type { Run } from "../../../api/types";
import { RunsLink } from "../runs-link";
import "./tags.css";

/** The tags of a run, each of which leads to the runs that have it. */
export function RunTags({ run }: { run: Pick<Run, "tags"> }) {
  const { t } = useTranslation();
  if (run.tags.length === 0) return null;
  return (
    <ul className="run-tags" aria-label={t("runs.tags.of_run")} data-testid="run-tags">
      {run.tags.map((tag) => (
        <li key={tag}>
          <RunsLink tags={[tag]}>{tag}</RunsLink>
        </li>
      ))}
    </ul>
  );
}
