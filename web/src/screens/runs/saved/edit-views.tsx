import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { post, put, remove } from "../../../api/client";
import { useFault } from "../../../api/reachability";
import type { SavedView } from "../../../api/types";
import { CopyButton } from "../../../layout/copy-button";
import { Modal } from "../../../layout/modal";
import { LONGEST_NAME } from "./save-view";
import { shifted } from "./saved-data";

interface Props {
  views: SavedView[];
  /** The address of what is shown, if no view has it. */
  shown: string | undefined;
  reload: () => Promise<void>;
  onClose: () => void;
}

/** Names, order, links and the end of saved views; each change is kept at once. */
export default function EditViews({ views, shown, reload, onClose }: Props) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const change = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      setFault(error as Error);
    }
    await reload();
    setBusy(false);
  };
  const move = (at: number, by: number) =>
    change(() => post("/saved-views/order", { ids: shifted(views, at, by).map(({ id }) => id) }));
  return (
    <Modal label={t("runs.views.edit")} className="many-dialog edit-views" onClose={onClose}>
      <h2>{t("runs.views.edit")}</h2>
      {views.length === 0 && <p className="muted">{t("runs.views.none")}</p>}
      <ul>
        {views.map((view, at) => (
          <li key={view.id} data-testid="edit-view">
            <Name
              view={view}
              onName={(name) => change(() => put(`/saved-views/${view.id}`, { name, search: view.search }))}
            />
            <span className="view-tools">
              <button
                type="button"
                className="ghost icon"
                disabled={busy || at === 0}
                aria-label={t("runs.views.up", { name: view.name })}
                title={t("runs.views.up", { name: view.name })}
                onClick={() => void move(at, -1)}
              >
                <ArrowUp size={15} aria-hidden />
              </button>
              <button
                type="button"
                className="ghost icon"
                disabled={busy || at === views.length - 1}
                aria-label={t("runs.views.down", { name: view.name })}
                title={t("runs.views.down", { name: view.name })}
                onClick={() => void move(at, 1)}
              >
                <ArrowDown size={15} aria-hidden />
              </button>
              <CopyButton
                label={t("runs.views.copy", { name: view.name })}
                text={() => `${window.location.origin}/runs?${view.search}`}
              />
              <button
                type="button"
                className="ghost icon"
                disabled={busy}
                aria-label={t("runs.views.delete", { name: view.name })}
                title={t("runs.views.delete", { name: view.name })}
                onClick={() => void change(() => remove(`/saved-views/${view.id}`))}
              >
                <Trash2 size={15} aria-hidden />
              </button>
            </span>
            {shown !== undefined && (
              <button
                type="button"
                className="ghost"
                disabled={busy}
                onClick={() => void change(() => put(`/saved-views/${view.id}`, { name: view.name, search: shown }))}
              >
                {t("runs.views.replace")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {fault && (
        <p className="bad" role="alert">
          {fault.message}
        </p>
      )}
      <div className="run-actions">
        <button type="button" onClick={onClose}>
          {t("runs.matching.close")}
        </button>
      </div>
    </Modal>
  );
}

/** Kept when one leaves the field or presses Enter. */
function Name({ view, onName }: { view: SavedView; onName: (name: string) => Promise<void> }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const commit = () => {
    const name = typed?.trim();
    if (!name || name === view.name) return setTyped(undefined);
    void onName(name).finally(() => setTyped(undefined));
  };
  return (
    <input
      value={typed ?? view.name}
      maxLength={LONGEST_NAME}
      aria-label={t("runs.views.rename", { name: view.name })}
      onChange={({ target }) => setTyped(target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
