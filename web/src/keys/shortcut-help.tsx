import { X } from "lucide-react";
import { Fragment, useState } from "react";
import { useTranslation } from "#i18n";

import { Modal } from "../layout/modal";
import "./keys.css";
import { shortcuts } from "./shortcuts";
import { singleKeys } from "./use-shortcuts";

const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent);

/** What the keyboard does here, and a switch for those who do not want it. */
export default function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [on, setOn] = useState(singleKeys.get);
  return (
    <Modal label={t("keys.title")} onClose={onClose}>
      <div className="modal-head">
        <h2>{t("keys.title")}</h2>
        <button type="button" className="ghost icon" aria-label={t("data.close")} onClick={onClose}>
          <X size={16} aria-hidden />
        </button>
      </div>
      <dl className="shortcut-list">
        {shortcuts.all().map(({ keys, label }) => (
          <Fragment key={keys}>
            <dt>
              <Keys keys={keys} />
            </dt>
            <dd>{t(label)}</dd>
          </Fragment>
        ))}
      </dl>
      <label className="shortcut-switch">
        <input
          type="checkbox"
          checked={on}
          onChange={({ target }) => {
            singleKeys.set(target.checked);
            setOn(target.checked);
          }}
        />
        <span>
          {t("keys.single")}
          <small className="muted">{t("keys.single_why")}</small>
        </span>
      </label>
    </Modal>
  );
}

function Keys({ keys }: { keys: string }) {
  const { t } = useTranslation();
  return (
    <>
      {keys.split(" ").map((key, at) => (
        <Fragment key={at}>
          {at > 0 && <span className="muted"> {t("keys.then")} </span>}
          <kbd>{key.startsWith("mod+") ? `${isMac ? "⌘" : "Ctrl"} ${key.slice(4).toUpperCase()}` : key}</kbd>
        </Fragment>
      ))}
    </>
  );
}
