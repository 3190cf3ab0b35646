import { useState } from "react";
import { useTranslation } from "#i18n";

import { lazyPart } from "../../../layout/lazy-part";
import { Modal } from "../../../layout/modal";
import { Loading } from "../../../layout/states";

const RehearsalView = lazyPart(() => import("./rehearsal-view"), <Loading rows={5} />);

interface Props {
  /** The candidate. */
  text: string;
  disabled: boolean;
}

/** Opens what the draft would have made of the last days. */
export function RehearseButton({ text, disabled }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => setOpen(true)} data-testid="rehearse">
        {t("rehearsal.button")}
      </button>
      {open && (
        <Modal label={t("rehearsal.title")} className="rehearsal" onClose={() => setOpen(false)}>
          <RehearsalView text={text} onClose={() => setOpen(false)} />
        </Modal>
      )}
    </>
  );
}
