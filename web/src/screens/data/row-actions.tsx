import { useEffect, useRef, useState } from "react";
import { useTranslation } from "#i18n";
import { post } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { Action, View } from "../../api/types";
import { lazyPart } from "../../layout/lazy-part";
import { Loading } from "../../layout/states";
import { isObject, type JsonSchema } from "../../schema/json-schema";
import { type Rights, useRights } from "../../session/rights";
import { actionInput } from "./action-input";
import { applies } from "./applies";
import { titleOf } from "./titles";
import type { Row } from "./view-data";

const SchemaForm = lazyPart(() => import("../../form/schema-form"), <Loading rows={2} />);

interface Props {
  view: View;
  row: Row;
  onDone: (action: Action) => void;
  onFault: (fault: Error) => void;
}

/** What may be done to a row as it is: at one click, or after a few questions. */
export function RowActions({ view, row, onDone, onFault }: Props) {
  const actions = view.actions.filter((action) => applies(action, row, view.row_schema));
  // With its row: the table may move on beneath an open dialog.
  const [asked, setAsked] = useState<{ action: Action; row: Row }>();
  const [busy, setBusy] = useState(false);
  const rights = useRights();
  const act = async (action: Action, input: unknown) => {
    setBusy(true);
    try {
      await post(`/data/${encodeURIComponent(view.key)}/actions/${encodeURIComponent(action.name)}`, input);
      onDone(action);
      setAsked(undefined);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {actions.map((action) => {
        const { filled, rest } = actionInput(action.input_schema, row);
        const whyNot = whyNotAct(rights, filled, rest);
        return (
          <button
            key={action.name}
            type="button"
            title={whyNot ?? action.description}
            disabled={busy || !!whyNot}
            onClick={() => (rest ? setAsked({ action, row }) : void act(action, filled).catch(onFault))}
          >
            {titleOf(action.name)}
            {rest && "…"}
          </button>
        );
      })}
      {asked && <Questions {...asked} busy={busy} act={act} onClose={() => setAsked(undefined)} />}
    </>
  );
}

/** An action that names no project concerns all of them, and takes an administrator. */
function whyNotAct({ whyNot }: Rights, filled: Row, rest: JsonSchema | undefined): string | undefined {
  if (typeof filled.project_id === "string") return whyNot("editor", filled.project_id);
  const asked = isObject(rest?.properties) && "project_id" in rest.properties;
  return whyNot(asked ? "editor" : "admin");
}

interface QuestionsProps {
  action: Action;
  row: Row;
  busy: boolean;
  act: (action: Action, input: unknown) => Promise<void>;
  onClose: () => void;
}

function Questions({ action, row, busy, act, onClose }: QuestionsProps) {
  const { t } = useTranslation();
  const [fault, setFault] = useFault();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { filled, rest } = actionInput(action.input_schema, row);
  const send = async (given: unknown) => {
    setFault(undefined);
    try {
      await act(action, { ...filled, ...(given as object) });
    } catch (error) {
      setFault(error as Error);
    }
  };
  return (
    <dialog ref={dialog} className="action-dialog" aria-labelledby="action-title" onClose={onClose}>
      <header>
        <h2 id="action-title">{titleOf(action.name)}</h2>
        <button type="button" className="ghost" onClick={onClose}>
          {t("data.close")}
        </button>
      </header>
      <p className="muted">{action.description}</p>
      <SchemaForm
        schema={rest ?? {}}
        initial={{}}
        submitLabel={titleOf(action.name)}
        busy={busy}
        fault={fault}
        onSubmit={(given) => void send(given)}
      />
    </dialog>
  );
}
