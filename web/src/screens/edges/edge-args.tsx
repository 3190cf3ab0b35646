import { Plus, X } from "lucide-react";
import { useTranslation } from "#i18n";

import { text } from "../../schema/json-schema";
import { wordsOf } from "../../schema/words";
import { type ArgRow, kindOf, optionsOf, schemaOf, type Takes } from "./arg-rows";
import { EdgeInput } from "./edge-input";

interface Props {
  /** The job that takes them. */
  job: string;
  takes: Takes;
  gives: boolean;
  rows: ArgRow[];
  /** What an expression may name. */
  fields: string[];
  faultOf: (id: number) => string | undefined;
  onChange: (part: { gives?: boolean; rows?: ArgRow[] }) => void;
}

/** What the runs of an edge are asked for: a row for each arg, those that the job needs at once. */
export function EdgeArgs({ job, takes, gives, rows, fields, faultOf, onChange }: Props) {
  const { t } = useTranslation();
  const free = takes.args.map(([name]) => name).filter((name) => rows.every((row) => row.name !== name));
  const change = (id: number, part: Partial<ArgRow>) =>
    onChange({ rows: rows.map((row) => (row.id === id ? { ...row, ...part, untouched: undefined } : row)) });
  const add = () => {
    const id = Math.max(-1, ...rows.map((row) => row.id)) + 1;
    onChange({ rows: [...rows, { id, name: "", as: "expression", text: "" }] });
  };
  return (
    <fieldset>
      <legend>{t("edges.args.title")}</legend>
      <label className="tick">
        <input type="checkbox" checked={gives} onChange={(event) => onChange({ gives: event.target.checked })} />
        {t("edges.args.gives")}
      </label>
      {!gives && (
        <p className="muted">
          {t("edges.args.of_job", { table: `[jobs.${job}.args]` })}
          {takes.required.length > 0 && ` ${t("edges.args.needs", { job, args: takes.required.join(", ") })}`}
        </p>
      )}
      {gives && (
        <>
          {rows.length > 0 && <p className="muted">{t("edges.args.help")}</p>}
          <ul className="edge-args">
            {rows.map((row) => (
              <Row
                key={row.id}
                row={row}
                needed={takes.required.includes(row.name) && rows.find((each) => each.name === row.name) === row}
                takes={takes}
                free={free}
                fields={fields}
                fault={faultOf(row.id)}
                onChange={(part) => change(row.id, part)}
                onRemove={() => onChange({ rows: rows.filter((each) => each !== row) })}
              />
            ))}
          </ul>
          {takes.closed && takes.args.length === 0 && <p className="muted">{t("edges.args.none", { job })}</p>}
          {(!takes.closed || free.length > 0) && (
            <button type="button" className="edge-add" onClick={add}>
              <Plus size={14} aria-hidden />
              {t("edges.args.add")}
            </button>
          )}
        </>
      )}
    </fieldset>
  );
}

interface RowProps {
  row: ArgRow;
  /** Whether the job cannot do without it: its name is fixed, and it stays. */
  needed: boolean;
  takes: Takes;
  free: string[];
  fields: string[];
  fault: string | undefined;
  onChange: (part: Partial<ArgRow>) => void;
  onRemove: () => void;
}

function Row({ row, needed, takes, free, fields, fault, onChange, onRemove }: RowProps) {
  const { t, i18n } = useTranslation();
  const { name, as } = row;
  const schema = schemaOf(takes, name);
  const called = name || t("edges.args.new");
  const kind = kindOf(schema);
  const about = wordsOf(schema, i18n.language).description ?? text(schema.description);
  return (
    <li data-testid="edge-arg" data-arg={name}>
      <div className="edge-arg-name">
        {needed ? (
          <span>
            <code>{name}</code> <small className="muted">{t("edges.args.required")}</small>
          </span>
        ) : (
          <EdgeInput
            label={t("edges.args.name")}
            hidesLabel
            value={name}
            options={free}
            placeholder={t("edges.args.name")}
            onChange={(value) => onChange({ name: value })}
          />
        )}
      </div>
      <EdgeInput
        label={t("edges.args.value", { name: called })}
        hidesLabel
        value={row.text}
        fields={as === "expression" ? fields : undefined}
        options={optionsOf(schema)}
        placeholder={as === "expression" ? t("edges.args.expression_hint") : t(`edges.args.kinds.${kind}`)}
        help={about}
        fault={fault}
        required={needed}
        onChange={(value) => onChange({ text: value })}
      />
      <div className="segments" role="group" aria-label={t("edges.args.as", { name: called })}>
        {(["expression", "value"] as const).map((each) => (
          <button key={each} type="button" aria-pressed={as === each} onClick={() => onChange({ as: each })}>
            {t(`edges.args.${each}_short`)}
          </button>
        ))}
      </div>
      {!needed && (
        <button
          type="button"
          className="ghost icon edge-arg-remove"
          aria-label={t("edges.args.remove", { name: called })}
          title={t("edges.args.remove", { name: called })}
          onClick={onRemove}
        >
          <X size={14} aria-hidden />
        </button>
      )}
    </li>
  );
}
