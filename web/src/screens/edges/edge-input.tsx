import { type ReactNode, useId } from "react";

import { completions } from "./fields";

interface Props {
  label: string;
  value: string;
  /** What the last word of the text may become; without, the text is chosen from `options`. */
  fields?: string[] | undefined;
  options?: string[] | undefined;
  placeholder?: string | undefined;
  help?: ReactNode;
  fault?: string | undefined;
  /** Said to screen readers alone. */
  hidesLabel?: boolean;
  required?: boolean;
  onChange: (value: string) => void;
}

/** The longest expression. */
const LONGEST = 1024;

/** A text of an edge, with what completes it and what is wrong with it. */
export function EdgeInput({
  label,
  value,
  fields,
  options,
  placeholder,
  help,
  fault,
  hidesLabel,
  required,
  onChange,
}: Props) {
  const id = useId();
  const offered = fields ? completions(value, fields) : (options ?? []);
  const described = [help && `${id}-help`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return (
    <div className="edge-input">
      <label htmlFor={id} className={hidesLabel ? "sr-only" : undefined}>
        {label}
      </label>
      <input
        id={id}
        value={value}
        list={`${id}-list`}
        maxLength={LONGEST}
        spellCheck={false}
        autoComplete="off"
        placeholder={placeholder}
        aria-required={required}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described || undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={`${id}-list`}>
        {offered.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      {help && (
        <small id={`${id}-help`} className="muted">
          {help}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} className="edge-fault">
          {fault}
        </small>
      )}
    </div>
  );
}
