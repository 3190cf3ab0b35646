import { useState } from "react";
import { useTranslation } from "#i18n";

import { endOf, PAUSE_ENDS, type PauseEnd } from "./pause-times";

/** The end of a pause that is being chosen; `ready` says whether it can be sent. */
export function usePauseEnd() {
  const [choice, setChoice] = useState<PauseEnd>("");
  const [custom, setCustom] = useState("");
  const end = () => endOf(choice, custom, new Date())?.toISOString();
  return { choice, setChoice, custom, setCustom, end, ready: choice !== "custom" || end() !== undefined };
}

/** Asks when a pause ends. */
export function PauseEndField({ of }: { of: ReturnType<typeof usePauseEnd> }) {
  const { t } = useTranslation();
  const { choice, setChoice, custom, setCustom } = of;
  return (
    <>
      <label>
        <span>{t("jobs.pause_until.title")}</span>
        <select value={choice} data-testid="pause-end" onChange={({ target }) => setChoice(target.value as PauseEnd)}>
          {PAUSE_ENDS.map((known) => (
            <option key={known} value={known}>
              {t(`jobs.pause_until.ends.${known || "never"}`)}
            </option>
          ))}
        </select>
      </label>
      {choice === "custom" && (
        <label>
          <span>{t("jobs.pause_until.time")}</span>
          <input
            type="datetime-local"
            required
            max="9999-12-31T23:59"
            value={custom}
            data-testid="pause-time"
            onChange={({ target }) => setCustom(target.value)}
          />
        </label>
      )}
    </>
  );
}
