import type { ReactNode } from "react";
import { useTranslation } from "#i18n";

import { Empty } from "../layout/states";
import { useAdmin } from "./rights";

/** A screen for administrators; to others it says so. */
export function AdminOnly({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return useAdmin() ? children : <Empty>{t("session.needs.admin")}</Empty>;
}
