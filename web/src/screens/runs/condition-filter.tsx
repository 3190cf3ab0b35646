import { Braces, X } from "lucide-react";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import { useJobTypes } from "../jobs/jobs-data";
import { MOST_CONDITIONS } from "./filters";
import { fieldsToFind, parted, type Suggestion, suggestions } from "./find-fields";

interface Props {
  /** The jobs of the filter; none for all. */
  jobs: string[];
  conditions: string[];
  onChange: (conditions: string[]) => void;
}

/** Runs by what is in their args and output: fields are found as one types, of any depth. */
export function ConditionFilter({ jobs, conditions, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const types = useJobTypes();
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const fields = useMemo(() => {
    const all = types.data?.items ?? [];
    return fieldsToFind(jobs.length > 0 ? all.filter(({ name }) => jobs.includes(name)) : all);
  }, [types.data, jobs]);
  const shown = useMemo(() => (open ? suggestions(typed, fields) : []), [open, typed, fields]);
  const at = Math.min(chosen, shown.length - 1);
  const full = conditions.length >= MOST_CONDITIONS;

  const add = (condition: string) => {
    if (!conditions.includes(condition)) onChange([...conditions, condition]);
    setTyped("");
    setChosen(-1);
    setOpen(false);
  };
  const take = ({ text, whole }: Suggestion) => {
    if (whole) return add(text);
    setTyped(text);
    setChosen(-1);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      if (shown.length === 0) return;
      const next = (Math.max(at, step > 0 ? -1 : 0) + step + shown.length) % shown.length;
      setChosen(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      const suggestion = shown[at];
      const parts = parted(typed);
      if (suggestion) take(suggestion);
      else if (parts?.value) add(typed.trim());
    } else if (event.key === "Escape") {
      if (open) setOpen(false);
      else event.currentTarget.blur();
    }
  };
  return (
    <div
      className="condition-filter"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <label htmlFor={`${id}-field`} className="field-label">
        {t("runs.where.label")}
      </label>
      <span className="with-icon">
        <Braces size={14} aria-hidden />
        <input
          id={`${id}-field`}
          role="combobox"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          aria-describedby={`${id}-how`}
          autoComplete="off"
          spellCheck={false}
          maxLength={256}
          disabled={full}
          value={typed}
          placeholder={full ? t("runs.where.full", { most: MOST_CONDITIONS }) : t("runs.where.hint")}
          data-testid="condition-input"
          onChange={({ target }) => {
            setTyped(target.value);
            setChosen(-1);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={onKeyDown}
        />
      </span>
      <span id={`${id}-how`} className="sr-only">
        {t("runs.where.how")}
      </span>
      <div
        className="condition-list"
        role="listbox"
        id={`${id}-list`}
        aria-label={t("runs.where.label")}
        hidden={shown.length === 0}
      >
        {shown.map((suggestion, index) => (
          <div
            key={suggestion.text}
            role="option"
            id={`${id}-${index}`}
            aria-selected={index === at}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <code>{suggestion.text}</code>
            <small className="muted">{suggestion.hint}</small>
          </div>
        ))}
      </div>
      {open && shown.length === 0 && typed !== "" && (
        <p className="condition-how muted" role="status">
          {parted(typed)?.value ? t("runs.where.enter") : t("runs.where.how")}
        </p>
      )}
    </div>
  );
}

/** The conditions that hold, each of which can be removed. */
export function Conditions({ conditions, onChange }: Pick<Props, "conditions" | "onChange">) {
  const { t } = useTranslation();
  return conditions.map((condition) => (
    <span className="trace-chip condition-chip" key={condition} data-testid="condition">
      <code>{condition}</code>
      <button
        type="button"
        className="ghost icon"
        aria-label={t("runs.where.remove", { condition })}
        onClick={() => onChange(conditions.filter((other) => other !== condition))}
      >
        <X size={13} aria-hidden />
      </button>
    </span>
  ));
}
