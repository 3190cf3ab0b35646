import type { KeyboardEvent } from "react";

import type { Diagnostic } from "../../../api/types";
import { useHeld } from "../../../layout/use-typed";
import { FieldFault } from "../faults";

interface Props {
  id: string;
  label: string;
  value: string;
  /** What holds while it is empty. */
  fallback: string;
  faults: Diagnostic[];
  disabled: boolean;
  suggestions?: string[];
  help?: string;
  onCommit: (value: string) => void;
}

/** A field whose value counts when one leaves it or presses Enter; Escape brings the former back. */
export function CommittedInput({ id, label, value, fallback, faults, disabled, suggestions, help, onCommit }: Props) {
  const { typed, setTyped, told } = useHeld(value);
  const commit = () => {
    told.current = typed;
    onCommit(typed);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") {
      told.current = value;
      setTyped(value);
    }
  };
  const faultsId = faults.length > 0 ? `${id}-faults` : undefined;
  return (
    <div className="config-field" data-invalid={faultsId ? true : undefined}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={typed}
        placeholder={fallback}
        disabled={disabled}
        list={suggestions && `${id}-list`}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={faultsId !== undefined}
        aria-describedby={[help && `${id}-help`, faultsId].filter(Boolean).join(" ") || undefined}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={commit}
        onKeyDown={onKeyDown}
      />
      {suggestions && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      {help && (
        <small id={`${id}-help`} className="muted">
          {help}
        </small>
      )}
      <FieldFault id={faultsId} faults={faults} />
    </div>
  );
}
