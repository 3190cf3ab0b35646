import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Edge, ENDS } from "./edge";
import "./edges.css";

interface Props {
  from: string;
  edge: Edge;
  /** Fields that an expression may name, such as `output.new`. */
  fields: string[];
  onChange: (edge: Edge) => void;
  onClose: () => void;
}

/** When an edge is taken: after which ends, and under which condition. */
export function EdgeForm({ from, edge, fields, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const [on, setOn] = useState(edge.on);
  const [when, setWhen] = useState(edge.when ?? "");
  const id = useId();
  const found = completions(when, on === "failure" ? fields.filter((each) => !each.startsWith("output")) : fields);
  return (
    <form
      className="edge-form"
      aria-label={t("edges.form", { from, to: edge.job })}
      data-testid="edge-form"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...edge, on, when: when.trim() || undefined });
        onClose();
      }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <label>
        <span>{t("edges.on_label")}</span>
        <select value={on} onChange={(event) => setOn(ENDS.find((end) => end === event.target.value) ?? "success")}>
          {ENDS.map((end) => (
            <option key={end} value={end}>
              {t(`edges.ends.${end}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t("edges.when_label")}</span>
        <input
          value={when}
          list={id}
          maxLength={1024}
          spellCheck={false}
          autoComplete="off"
          placeholder={t("edges.when_placeholder")}
          onChange={(event) => setWhen(event.target.value)}
        />
        <datalist id={id}>
          {found.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </label>
      <div className="actions">
        <button type="submit" className="primary">
          {t("edges.apply")}
        </button>
        <button type="button" onClick={onClose}>
          {t("config.close")}
        </button>
      </div>
    </form>
  );
}

/** The text with its last word completed by each field that fits. */
export function completions(text: string, fields: string[]): string[] {
  const word = /[\w.]*$/.exec(text)?.[0] ?? "";
  const before = text.slice(0, text.length - word.length);
  return fields.filter((field) => field.startsWith(word) && field !== word).map((field) => before + field);
}
