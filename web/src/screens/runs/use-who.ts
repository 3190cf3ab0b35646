import { useQuery } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { AuditPage, Run } from "../../api/types";
import { useRights } from "../../session/rights";
import { auditTexts, hasPeople, type Who, whoOf } from "./who";

const PER_PAGE = 200;

/** Who asked for a run and who cancelled it. Only owners of the project may read the audit log. */
export function useWho(run: Run): Who {
  const may = useRights().whyNot("owner", run.project_id) === undefined;
  const entries = useQuery({
    queryKey: ["audit", "run", run.id, run.state, run.cancel_requested_at],
    queryFn: async () => {
      const pages = await Promise.all(
        auditTexts(run).map((text) => get<AuditPage>("/audit", { text, per_page: PER_PAGE })),
      );
      return pages.flatMap(({ items }) => items);
    },
    enabled: may && hasPeople(run),
  });
  return entries.data ? whoOf(run, entries.data) : {};
}
