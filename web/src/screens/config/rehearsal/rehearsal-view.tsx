import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import type { Rehearsal } from "../../../api/types";
import { Empty, Failure, Loading } from "../../../layout/states";
import { RehearsalExamples } from "./rehearsal-examples";
import { RehearsalJobs } from "./rehearsal-jobs";
import { RehearsalLoad } from "./rehearsal-load";
import { RehearsalNotes } from "./rehearsal-notes";
import "./rehearsal.css";
import { SPANS, type Span, useRehearsal } from "./use-rehearsal";

interface Props {
  text: string;
  onClose: () => void;
}

/** Which runs of the last days appear, vanish or move under the draft, and the load by hour. */
export default function RehearsalView({ text, onClose }: Props) {
  const { t } = useTranslation();
  const [days, setDays] = useState<Span>(7);
  const { data, error, isFetching, refetch } = useRehearsal(text, days);
  return (
    <>
      <header className="modal-head" data-testid="rehearsal">
        <h2>{t("rehearsal.title")}</h2>
        <button type="button" className="ghost icon" aria-label={t("config.close")} onClick={onClose}>
          <X size={18} aria-hidden />
        </button>
      </header>
      <p className="muted">{t("rehearsal.lead")}</p>
      <div className="rehearsal-spans" role="group" aria-label={t("rehearsal.span")}>
        {SPANS.map((span) => (
          <button key={span} type="button" aria-pressed={span === days} onClick={() => setDays(span)}>
            {t("rehearsal.days", { count: span })}
          </button>
        ))}
      </div>
      {isFetching && (
        <div role="status">
          <p className="muted">{t("rehearsal.asking")}</p>
          <Loading rows={4} />
        </div>
      )}
      {!isFetching && error && <Failure error={error} retry={() => void refetch()} />}
      {!isFetching && !error && data && <Told told={data} />}
    </>
  );
}

function Told({ told }: { told: Rehearsal }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language);
  const { before, after, appeared, vanished, moved } = told.total;
  if (before + after === 0) return <Empty>{t("rehearsal.empty")}</Empty>;
  const changes = appeared + vanished + moved;
  return (
    <>
      <p className="rehearsal-total" role="status" data-testid="rehearsal-total">
        {t("rehearsal.total", { before: number.format(before), after: number.format(after) })}{" "}
        <strong>
          {changes === 0
            ? t("rehearsal.same")
            : t("rehearsal.changes", {
                appeared: number.format(appeared),
                vanished: number.format(vanished),
                moved: number.format(moved),
              })}
        </strong>
      </p>
      {changes > 0 && <RehearsalJobs told={told} />}
      <RehearsalLoad hours={told.hours} />
      {told.examples.length > 0 && <RehearsalExamples examples={told.examples} />}
      <RehearsalNotes told={told} />
    </>
  );
}
