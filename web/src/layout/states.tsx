import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "#i18n";

import { ApiError } from "../api/client";

export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div className="skeletons" aria-busy="true">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton" />
      ))}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="failure" role="alert">
      <CircleAlert size={18} aria-hidden />
      <div>
        <strong>{t("error.title")}</strong>
        <p>{error.message}</p>
        {error instanceof ApiError && error.help && <p className="muted">{error.help}</p>}
      </div>
      <button type="button" onClick={retry}>
        {t("retry")}
      </button>
    </div>
  );
}
