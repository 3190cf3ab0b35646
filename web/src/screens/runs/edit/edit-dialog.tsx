import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "#i18n";
import { patch } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import type { Run } from "../../../api/types";
import { lazyPart } from "../../../layout/lazy-part";
import { Modal } from "../../../layout/modal";
import { Loading } from "../../../layout/states";
import { isObject, type JsonSchema } from "../../../schema/json-schema";
import { withoutSecrets } from "../../jobs/args-of-run";
import { useJobTypes } from "../../jobs/jobs-data";
import { toLocal } from "../filters";
import { TagsField } from "../tags/tags-field";
import { changesOf, takesArgs } from "./waits";

const SchemaForm = lazyPart(() => import("../../../form/schema-form"), <Loading rows={2} />);
const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

interface Props {
  run: Run;
  onDone: () => Promise<unknown>;
  onClose: () => void;
}

/** Changes when a run begins, its priority, its tags and, before its first attempt, its args. */
export function EditDialog({ run, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const types = useJobTypes();
  const schema = types.data?.items.find(({ name }) => name === run.job_type)?.args_schema as JsonSchema | undefined;
  // As the dialog was opened: what polling brings meanwhile is not taken for a change.
  const [before] = useState(() => ({
    at: run.run_at && run.state === "scheduled" ? toLocal(run.run_at) : "",
    priority: run.priority,
    args: withoutSecrets(run.args),
    tags: run.tags,
  }));
  const [at, setAt] = useState(before.at);
  const [priority, setPriority] = useState(before.priority);
  const [tags, setTags] = useState(before.tags);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const asked = run.args !== null;
  const formOfArgs = takesArgs(run) && isObject(schema?.properties) && Object.keys(schema.properties).length > 0;
  const hasSecrets = useMemo(() => JSON.stringify(run.args).includes('"***"'), [run.args]);

  const save = async (args: unknown) => {
    const changes = changesOf(before, { at, priority, args, tags });
    if (Object.keys(changes).length === 0) return onClose();
    setBusy(true);
    setFault(undefined);
    try {
      await patch(`/jobs/runs/${run.id}`, changes);
      await onDone();
      await client.invalidateQueries({ queryKey: ["jobs"] });
      onClose();
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  const fields = (
    <>
      <label>
        <span>{t(run.state === "retryable" ? "edit_run.next_attempt" : "runs.not_before")}</span>
        <input type="datetime-local" value={at} data-testid="edit-at" onChange={({ target }) => setAt(target.value)} />
      </label>
      {asked && (
        <label>
          <span>{t("runs.priority")}</span>
          <select
            value={priority}
            data-testid="edit-priority"
            onChange={({ target }) => setPriority(Number(target.value))}
          >
            {PRIORITIES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      )}
      {asked && <TagsField tags={tags} projectId={run.project_id} onChange={setTags} />}
    </>
  );
  const title = t("edit_run.title");
  return (
    <Modal label={title} className="many-dialog" onClose={onClose}>
      <h2>{title}</h2>
      <p className="muted">{t(run.state === "retryable" ? "edit_run.lead_again" : "edit_run.lead")}</p>
      {formOfArgs ? (
        <div>{fields}</div>
      ) : (
        <form
          id="edit-run"
          onSubmit={(event) => {
            event.preventDefault();
            void save(undefined);
          }}
        >
          {fields}
        </form>
      )}
      {asked && run.attempt > 0 && <p className="muted">{t("edit_run.args_stay")}</p>}
      {formOfArgs ? (
        <>
          {hasSecrets && <p className="muted">{t("edit_run.secrets")}</p>}
          <SchemaForm
            schema={schema}
            initial={before.args}
            submitLabel={t("edit_run.save")}
            busy={busy}
            fault={fault}
            onSubmit={(args) => void save(args ?? {})}
          />
        </>
      ) : (
        fault && (
          <p className="bad" role="alert">
            {fault.message}
          </p>
        )
      )}
      <div className="run-actions">
        {!formOfArgs && (
          <button type="submit" form="edit-run" className="primary" disabled={busy} data-testid="edit-save">
            {t("edit_run.save")}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {t("runs.matching.close")}
        </button>
      </div>
    </Modal>
  );
}
