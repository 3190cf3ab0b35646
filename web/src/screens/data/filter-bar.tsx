import { X } from "lucide-react";
import { useTranslation } from "#i18n";

import { useTyped } from "../../layout/use-typed";
import type { Filter } from "./filters";

interface Props {
  filters: Filter[];
  values: Record<string, string>;
  onFilter: (name: string, value: string) => void;
  onClear: () => void;
}

export function FilterBar({ filters, values, onFilter, onClear }: Props) {
  const { t } = useTranslation();
  if (filters.length === 0) return null;
  return (
    <form className="data-filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {filters.map((filter) => (
        <label key={filter.name} title={filter.description}>
          <span>{filter.title}</span>
          <Input filter={filter} value={values[filter.name] ?? ""} onFilter={onFilter} />
        </label>
      ))}
      {Object.keys(values).length > 0 && (
        <button type="button" className="ghost" onClick={onClear}>
          <X size={14} aria-hidden /> {t("data.clear")}
        </button>
      )}
    </form>
  );
}

function Input({ filter, value, onFilter }: { filter: Filter; value: string; onFilter: Props["onFilter"] }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useTyped(value, (text) => onFilter(filter.name, text));
  if (filter.kind === "choice" || filter.kind === "boolean") {
    const options =
      filter.kind === "boolean"
        ? ["true", "false"].map((value) => ({ value, title: t(value === "true" ? "form.yes" : "form.no") }))
        : filter.choices;
    return (
      <select name={filter.name} value={value} onChange={(event) => onFilter(filter.name, event.target.value)}>
        <option value="">{t("form.any")}</option>
        {options.map(({ value, title }) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    );
  }
  if (filter.kind === "time") {
    return (
      <input
        type="datetime-local"
        name={filter.name}
        value={localTime(typed)}
        onChange={(event) => setTyped(event.target.value && new Date(event.target.value).toISOString())}
      />
    );
  }
  return (
    <input
      type={filter.kind === "number" ? "number" : "text"}
      step={filter.step}
      name={filter.name}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

/** A time as it is sent, as the field wants it: without a zone, in the reader's own. */
function localTime(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
