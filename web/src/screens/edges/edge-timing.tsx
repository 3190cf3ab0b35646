import { useId } from "react";
import { useTranslation } from "#i18n";

import { durationText, millisecondsOf } from "./duration";
import { type EdgeDraft, TIMINGS } from "./edge-draft";
import { EdgeInput } from "./edge-input";

interface Props {
  draft: Pick<EdgeDraft, "timing" | "after" | "debounce" | "at_most">;
  faultOf: (place: "after" | "debounce" | "at_most") => string | undefined;
  onChange: (part: Partial<EdgeDraft>) => void;
}

/** The host's: how many times `debounce` is `at_most` if nothing is said. */
const AT_MOST_TIMES = 10;

/** When the run of an edge begins: at once, later, or when nothing triggers it any more. */
export function EdgeTiming({ draft, faultOf, onChange }: Props) {
  const { t } = useTranslation();
  const name = useId();
  const { timing, after, debounce, at_most } = draft;
  const pause = millisecondsOf(debounce);
  return (
    <fieldset>
      <legend>{t("edges.timing.title")}</legend>
      <div className="edge-timings">
        {TIMINGS.map((each) => (
          <label key={each} className="tick">
            <input type="radio" name={name} checked={timing === each} onChange={() => onChange({ timing: each })} />
            {t(`edges.timing.${each}`)}
          </label>
        ))}
      </div>
      {timing === "after" && (
        <EdgeInput
          label={t("edges.timing.after_label")}
          value={after}
          placeholder="30s"
          fault={faultOf("after")}
          required
          onChange={(value) => onChange({ after: value })}
        />
      )}
      {timing === "debounce" && (
        <>
          <p className="muted">{t("edges.timing.debounce_help")}</p>
          <div className="edge-row">
            <EdgeInput
              label={t("edges.timing.debounce_label")}
              value={debounce}
              placeholder="2m"
              fault={faultOf("debounce")}
              required
              onChange={(value) => onChange({ debounce: value })}
            />
            <EdgeInput
              label={t("edges.timing.at_most_label")}
              value={at_most}
              placeholder={pause ? durationText(pause * AT_MOST_TIMES) : "20m"}
              fault={faultOf("at_most")}
              onChange={(value) => onChange({ at_most: value })}
            />
          </div>
        </>
      )}
    </fieldset>
  );
}
