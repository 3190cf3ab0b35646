import { RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

import { relative } from "../i18n/time";
import type { Polled } from "./use-polled-query";

/** "Updated 12 seconds ago", and a button that refreshes now. */
export function LastUpdatedIndicator({ of }: { of: Pick<Polled<unknown>, "updatedAt" | "refreshing" | "refresh"> }) {
  const { t, i18n } = useTranslation();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="last-updated" data-testid="last-updated">
      {/* There from the start, so that the button does not move. */}
      <span className="muted num">
        {of.updatedAt > 0 && t("updated", { ago: relative(of.updatedAt - now, i18n.language) })}
      </span>
      <button type="button" className="ghost" onClick={() => void of.refresh()} disabled={of.refreshing}>
        <RefreshCw size={14} aria-hidden className={of.refreshing ? "spin" : undefined} />
        {t("refresh")}
      </button>
    </span>
  );
}
