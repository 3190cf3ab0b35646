import { type ReactNode, useEffect, useRef } from "react";

import "./modal.css";

interface Props {
  label: string;
  className?: string;
  onClose: () => void;
  children: ReactNode;
}

/** A native dialog, open for as long as it is there: it holds the focus and closes on Escape. */
export function Modal({ label, className, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      className={className ? `modal ${className}` : "modal"}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      // What is pressed outside of it is pressed on the dialog itself.
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className="modal-body">{children}</div>
    </dialog>
  );
}
