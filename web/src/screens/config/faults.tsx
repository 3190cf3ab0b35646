import { CircleAlert, TriangleAlert } from "lucide-react";
import { useTranslation } from "#i18n";
import type { Diagnostic } from "../../api/types";

import type { Reveal } from "./tabs";

/** What the host says of the draft; each leads to its place in the text. */
export function Faults({ faults, onReveal }: { faults: Diagnostic[]; onReveal: (place: Reveal) => void }) {
  const { t } = useTranslation();
  return (
    <ul className="config-faults" data-testid="diagnostics">
      {faults.map((fault, at) => (
        <li key={at} data-severity={fault.severity}>
          {fault.severity === "error" ? <CircleAlert size={16} aria-hidden /> : <TriangleAlert size={16} aria-hidden />}
          <div>
            <span className="sr-only">{t(`config.severity.${fault.severity}`)}: </span>
            {fault.message}
            {fault.help && <p className="muted">{fault.help}</p>}
          </div>
          {fault.line > 0 && (
            <button type="button" className="ghost" onClick={() => onReveal(fault)}>
              {t("config.line", { line: fault.line })}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The same, at the field of a form. */
export function FieldFault({ id, faults }: { id?: string; faults: Diagnostic[] }) {
  if (faults.length === 0) return null;
  return (
    <ul className="field-faults" id={id}>
      {faults.map(({ message, help, severity }, at) => (
        <li key={at} data-severity={severity}>
          {message}
          {help && <small className="muted"> {help}</small>}
        </li>
      ))}
    </ul>
  );
}
