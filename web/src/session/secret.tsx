import { useTranslation } from "#i18n";

import { CopyButton } from "../layout/copy-button";
import "./secret.css";

/** What is shown this once: to be copied, or selected where a page may not copy. */
export function Secret({ text, children }: { text: string; children: string }) {
  const { t } = useTranslation();
  return (
    <div className="secret" role="status" data-testid="secret">
      <strong>{children}</strong>
      <div>
        <input readOnly value={text} aria-label={children} onFocus={({ target }) => target.select()} />
        <CopyButton text={() => text} label={t("session.copy")} />
      </div>
    </div>
  );
}
