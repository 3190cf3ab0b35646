import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "#i18n";

interface Props {
  children: ReactNode;
  action: string;
  onAction: () => void;
  onClose: () => void;
}

/** Long enough to read, and to find the button by keyboard. */
const STAYS_MS = 20_000;

/** Says what was done and offers to undo it. Stays while it is pointed at or has the focus. */
export function Toast({ children, action, onAction, onClose }: Props) {
  const { t } = useTranslation();
  const [held, setHeld] = useState(false);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => close.current(), STAYS_MS);
    return () => clearTimeout(timer);
  }, [held, children]);
  return createPortal(
    <div className="toasts">
      <div
        className="toast"
        role="status"
        data-testid="toast"
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
        onFocus={() => setHeld(true)}
        onBlur={() => setHeld(false)}
      >
        <span>{children}</span>
        <div>
          <button type="button" className="undo" onClick={onAction}>
            {action}
          </button>
          <button type="button" aria-label={t("data.close")} onClick={onClose}>
            <X size={15} aria-hidden />
          </button>
        </div>
      </div>
    </div>,
    document.body,
  );
}
