import { get } from "../../api/client";
import type { AuditPage } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

const AUDIT_MS = 30_000;

export const useAudit = (text: string, page: number) =>
  usePolledQuery(["audit", text, page], () => get<AuditPage>("/audit", { text, page, per_page: 50 }), AUDIT_MS, {
    // No event tells of what people do.
    events: () => false,
  });
