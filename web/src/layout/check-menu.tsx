import { ChevronDown } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";

import "./check-menu.css";

interface Props {
  label: string;
  /** What the button says when nothing is chosen. */
  none: string;
  options: { value: string; text: string }[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Any of several, in the room of one field. */
export function CheckMenu({ label, none, options, chosen, onChange }: Props) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onDown = (event: PointerEvent) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onDown);
    return () => document.removeEventListener("pointerdown", onDown);
  }, [open]);
  // The address takes its time; a box is checked when it is clicked.
  const [picked, setPicked] = useState(chosen);
  const told = chosen.join();
  useEffect(() => setPicked(told ? told.split(",") : []), [told]);
  const first = options.find(({ value }) => value === chosen[0])?.text ?? chosen[0];
  const rest = chosen.length > 1 ? ` +${chosen.length - 1}` : "";
  return (
    <div
      className="check-menu"
      ref={frame}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget && !frame.current?.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <span className="field-label" id={`${id}-label`}>
        {label}
      </span>
      <button
        type="button"
        ref={button}
        aria-expanded={open}
        aria-controls={id}
        aria-labelledby={`${id}-label ${id}-said`}
        data-set={chosen.length > 0 || undefined}
        onClick={() => setOpen(!open)}
      >
        <span className="said" id={`${id}-said`}>
          {chosen.length === 0 ? none : `${first}${rest}`}
        </span>
        <ChevronDown size={14} aria-hidden />
      </button>
      {open && (
        <div className="menu" id={id} role="group" aria-labelledby={`${id}-label`}>
          {options.map(({ value, text }) => (
            <label key={value}>
              <input
                type="checkbox"
                checked={picked.includes(value)}
                onChange={({ target }) => {
                  const now = target.checked ? [...picked, value] : picked.filter((other) => other !== value);
                  setPicked(now);
                  onChange(now);
                }}
              />
              {text}
            </label>
          ))}
        </div>
      )}
    </div>
  );
}
