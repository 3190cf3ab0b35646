import { useMemo, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { JobType } from "../../api/types";
import { takesOf } from "./arg-rows";
import { type Edge, ENDS, madeBy } from "./edge";
import { EdgeArgs } from "./edge-args";
import { type DraftFault, draftOf, type EdgeDraft, type Place, readDraft } from "./edge-draft";
import { EdgeInput } from "./edge-input";
import { EdgePreview } from "./edge-preview";
import { EdgeTiming } from "./edge-timing";
import { fieldsOf, itemFieldsOf, listsOf } from "./fields";
import { refusals, useEdgePreview } from "./use-edge-preview";
import "./edges.css";

interface Props {
  from: string;
  edge: Edge;
  /** What is known of the job whose end the edge follows, and of the one to which it leads. */
  upstream: Pick<JobType, "output_schema" | "args_schema"> | undefined;
  downstream: Pick<JobType, "args_schema"> | undefined;
  onChange: (edge: Edge) => void;
  onClose: () => void;
}

/** Faults that are told once one wants to go on: the field was not reached yet. */
const LATE: DraftFault[] = ["missing", "how_long"];
const isOutput = (field: string) => field.startsWith("output");

/** When an edge is taken, and what it makes: how many runs, what they are asked for, and when they begin. */
export function EdgeForm({ from, edge, upstream, downstream, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const takes = useMemo(() => takesOf(downstream?.args_schema), [downstream]);
  const [draft, setDraft] = useState(() => draftOf(edge, takes));
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const more = useRef<HTMLDetailsElement>(null);
  const change = (part: Partial<EdgeDraft>) => setDraft((before) => ({ ...before, ...part }));
  const { edge: read, faults } = readDraft(draft, edge.job, takes);

  const { output_schema: output, args_schema: args } = upstream ?? {};
  // A run that failed has no output.
  const seen = (fields: string[]) => (draft.on === "failure" ? fields.filter((field) => !isOutput(field)) : fields);
  const fields = useMemo(() => fieldsOf(output, args), [output, args]);
  const lists = useMemo(() => listsOf(output, args), [output, args]);
  const items = useMemo(() => itemFieldsOf(draft.each, output, args), [draft.each, output, args]);
  const inner = [...items, ...seen(fields)];

  const preview = useEdgePreview(from, faults.size === 0 ? read : undefined);
  const refused = refusals(preview.error);
  const saidAt = (place: Place, key: string) => {
    const fault = faults.get(place);
    if (fault) return tried || !LATE.includes(fault) ? t(`edges.faults.${fault}`) : undefined;
    return refused.get(key);
  };
  const ofRow = (id: number) => saidAt(`args.${id}`, `args.${draft.rows.find((row) => row.id === id)?.name.trim()}`);
  const atFields = [
    "when",
    "each",
    "key",
    "after",
    "debounce",
    "at_most",
    ...draft.rows.map((row) => `args.${row.name}`),
  ];
  const elsewhere = [...refused].filter(([key]) => !atFields.includes(key)).map(([, said]) => said);

  const submit = () => {
    if (faults.size === 0) {
      onChange(read);
      onClose();
      return;
    }
    setTried(true);
    if (more.current) more.current.open = true;
    // Once what is wrong has been marked.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  const made = madeBy(read, t).join(", ");
  return (
    <form
      className="edge-form"
      ref={form}
      aria-label={t("edges.form", { from, to: edge.job })}
      data-testid="edge-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="edge-row">
        <label className="edge-input">
          <span>{t("edges.on_label")}</span>
          <select
            value={draft.on}
            onChange={(event) => change({ on: ENDS.find((end) => end === event.target.value) ?? "success" })}
          >
            {ENDS.map((end) => (
              <option key={end} value={end}>
                {t(`edges.ends.${end}`)}
              </option>
            ))}
          </select>
        </label>
        <EdgeInput
          label={t("edges.when_label")}
          value={draft.when}
          fields={seen(fields)}
          placeholder={t("edges.when_placeholder")}
          fault={saidAt("when", "when")}
          onChange={(when) => change({ when })}
        />
      </div>
      <details className="edge-more" ref={more} open={madeBy(edge, t).length > 0}>
        <summary>
          {t("edges.more")}
          {made && <span className="condition"> {made}</span>}
        </summary>
        <div>
          <fieldset>
            <legend>{t("edges.runs.title")}</legend>
            <div className="edge-row">
              <EdgeInput
                label={t("edges.runs.each")}
                value={draft.each}
                fields={seen(lists.length > 0 && draft.each.trim() === "" ? lists : fields)}
                placeholder={seen(lists)[0] ?? "output.new_ids"}
                help={t("edges.runs.each_help")}
                fault={saidAt("each", "each")}
                onChange={(each) => change({ each })}
              />
              <EdgeInput
                label={t("edges.runs.key")}
                value={draft.key}
                fields={inner}
                placeholder={draft.each ? "string(item)" : "run.project"}
                help={t("edges.runs.key_help")}
                fault={saidAt("key", "key")}
                onChange={(key) => change({ key })}
              />
            </div>
          </fieldset>
          <EdgeArgs
            job={edge.job}
            takes={takes}
            gives={draft.gives}
            rows={draft.rows}
            fields={inner}
            faultOf={ofRow}
            onChange={change}
          />
          <EdgeTiming draft={draft} faultOf={(place) => saidAt(place, place)} onChange={change} />
        </div>
      </details>
      <EdgePreview
        from={from}
        to={edge.job}
        preview={preview}
        refused={elsewhere.join("; ") || undefined}
        faulty={faults.size > 0}
      />
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
