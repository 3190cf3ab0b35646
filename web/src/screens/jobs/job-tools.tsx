import { Search } from "lucide-react";
import { useTranslation } from "#i18n";

import type { JobSummaries } from "../../api/types";
import { type JobSort, SORTS, STANDS, type Stand } from "./summary-data";

interface Props {
  text: string;
  onText: (text: string) => void;
  /** How many jobs stand so. */
  totals: JobSummaries["states"] | undefined;
  states: Stand[];
  onStates: (states: Stand[]) => void;
  sort: JobSort;
  onSort: (sort: JobSort) => void;
}

/** Search, states and order of the jobs. */
export function JobTools({ text, onText, totals, states, onStates, sort, onSort }: Props) {
  const { t } = useTranslation();
  const toggle = (state: Stand) =>
    onStates(states.includes(state) ? states.filter((other) => other !== state) : [...states, state]);
  return (
    <div className="job-tools">
      <label className="with-icon">
        <span className="sr-only">{t("jobs.find")}</span>
        <Search size={15} aria-hidden />
        <input
          type="search"
          maxLength={200}
          value={text}
          placeholder={t("jobs.find")}
          data-testid="jobs-find"
          onChange={({ target }) => onText(target.value)}
        />
      </label>
      <div className="stands" role="group" aria-label={t("jobs.state")}>
        {STANDS.map((state) => (
          <button
            key={state}
            type="button"
            aria-pressed={states.includes(state)}
            data-state={state}
            data-testid={`stand-${state}`}
            onClick={() => toggle(state)}
          >
            {t(`jobs.stands.${state}`)} <span className="num">{totals?.[state] ?? "–"}</span>
          </button>
        ))}
      </div>
      <label className="job-sort">
        <span>{t("jobs.sort")}</span>
        <select value={sort} data-testid="jobs-sort" onChange={({ target }) => onSort(target.value as JobSort)}>
          {SORTS.map((known) => (
            <option key={known} value={known}>
              {t(`jobs.sorts.${known}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
