import { ChevronDown } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import "./check-menu.css";

/** More options than these are searched. */
const FEW = 8;

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
  const { t } = useTranslation();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState("");
  const found = options.filter(({ text }) => text.toLowerCase().includes(wanted.trim().toLowerCase()));
  const search = options.length > FEW;
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
  const toggle = (value: string) => {
    const now = picked.includes(value) ? picked.filter((other) => other !== value) : [...picked, value];
    setPicked(now);
    onChange(now);
  };
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
        onClick={() => {
          setOpen(!open);
          setWanted("");
        }}
      >
        <span className="said" id={`${id}-said`}>
          {chosen.length === 0 ? none : `${first}${rest}`}
        </span>
        <ChevronDown size={14} aria-hidden />
      </button>
      {open && (
        <div className="menu" id={id} role="group" aria-labelledby={`${id}-label`}>
          {search && (
            <input
              type="search"
              className="menu-search"
              autoFocus
              value={wanted}
              placeholder={t("find")}
              aria-label={`${t("find")}: ${label}`}
              data-testid="menu-search"
              onChange={({ target }) => setWanted(target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || !found[0]) return;
                event.preventDefault();
                toggle(found[0].value);
              }}
            />
          )}
          {found.map(({ value, text }) => (
            <label key={value}>
              <input type="checkbox" checked={picked.includes(value)} onChange={() => toggle(value)} />
              {text}
            </label>
          ))}
          {found.length === 0 && <p className="muted">{t("none_found")}</p>}
        </div>
      )}
    </div>
  );
}
