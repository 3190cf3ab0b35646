import { useState } from "react";
import { useTranslation } from "#i18n";

import { lazyPart } from "../../layout/lazy-part";
import { useProjectScope } from "../../layout/project-scope";
import { useRights } from "../../session/rights";
import { matchOf } from "./filters";
import type { BulkAction } from "./runs-data";
import type { RunFilters } from "./written-filters";

const MatchingDialog = lazyPart(() => import("./matching-dialog"));

const ACTIONS: BulkAction[] = ["retry", "cancel"];

/** Retries or cancels all runs that match the filter, not only those of the page. */
export function MatchingActions({ filters, total }: { filters: RunFilters; total: number }) {
  const { t } = useTranslation();
  const { projectId } = useProjectScope();
  const whyNot = useRights().whyNot("editor", projectId);
  const [asked, setAsked] = useState<BulkAction>();
  return (
    <span className="matching-actions">
      {ACTIONS.map((action) => (
        <button
          key={action}
          type="button"
          disabled={total === 0 || !!whyNot}
          title={whyNot}
          data-testid={`matching-${action}`}
          onClick={() => setAsked(action)}
        >
          {t(`runs.matching.${action}`)}
        </button>
      ))}
      {asked && (
        <MatchingDialog
          action={asked}
          match={() => matchOf(filters, projectId, Date.now())}
          onClose={() => setAsked(undefined)}
        />
      )}
    </span>
  );
}
