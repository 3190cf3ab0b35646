import { useTranslation } from "#i18n";

import type { Rehearsal } from "../../../api/types";
import { useSaid } from "../../../i18n/said";

/** What the rehearsal does not know, and what it is taken from. */
export function RehearsalNotes({ told }: { told: Rehearsal }) {
  const { t, i18n } = useTranslation();
  const said = useSaid();
  const number = new Intl.NumberFormat(i18n.language);
  const { faults, without_history, paused, basis, recorded, reproduced, changes } = told;
  return (
    <>
      {faults.map(({ from, to, ends, without_value, reason, told }) => (
        <p key={`${from} ${to} ${reason}`} className="notice" data-tone="fair">
          {t("rehearsal.fault", { from, to, ends: number.format(ends), count: without_value })}{" "}
          <span>{said(told)}</span>
        </p>
      ))}
      {without_history.length > 0 && (
        <p className="notice" data-tone="fair">
          {t("rehearsal.without_history", { jobs: without_history.join(", ") })}
        </p>
      )}
      <ul className="rehearsal-notes muted">
        <li>
          {t("rehearsal.basis", {
            recorded: number.format(basis.recorded),
            nearest: number.format(basis.nearest),
            median: number.format(basis.median),
            assumed: number.format(basis.assumed),
          })}
        </li>
        <li>
          {t("rehearsal.reproduced", { reproduced: number.format(reproduced), recorded: number.format(recorded) })}
          {changes > 0 && ` ${t("rehearsal.other_files", { count: changes })}`}
        </li>
        {paused.length > 0 && <li>{t("rehearsal.paused", { jobs: paused.join(", ") })}</li>}
        <li>{t("rehearsal.limits")}</li>
      </ul>
    </>
  );
}
