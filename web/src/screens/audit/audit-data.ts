import { get } from "../../api/client";
import { usePolledQuery } from "../../live/use-polled-query";

export interface AuditEntry {
  seq: number;
  at: string;
  /** Empty when nobody in particular: as for a sign-in that was refused. */
  user_name: string;
  action: string;
  target: string;
  project_id: string | null;
  /** JSON. */
  detail: string;
  address: string | null;
}

interface AuditPage {
  items: AuditEntry[];
  total: number;
  page: number;
  per_page: number;
}

const AUDIT_MS = 30_000;

export const useAudit = (text: string, page: number) =>
  usePolledQuery(["audit", text, page], () => get<AuditPage>("/audit", { text, page, per_page: 50 }), AUDIT_MS, {
    // No event tells of what people do.
    events: () => false,
  });
