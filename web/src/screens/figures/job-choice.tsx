import { useEffect, useId, useState } from "react";
import { useTranslation } from "#i18n";

import { useJobTypes } from "../jobs/jobs-data";

interface Props {
  /** The job whose figures are shown; empty for all. */
  job: string;
  onJob: (job: string) => void;
}

/** One of the jobs, found as one types; an empty field shows all. */
export function JobChoice({ job, onJob }: Props) {
  const { t } = useTranslation();
  const list = useId();
  const types = useJobTypes();
  const [typed, setTyped] = useState(job);
  useEffect(() => setTyped(job), [job]);
  const names = (types.data?.items ?? []).map(({ name }) => name);
  const choose = (text: string, done: boolean) => {
    setTyped(text);
    const wanted = text.trim().toLowerCase();
    if (wanted === "") return onJob("");
    const fits = names.filter((name) => name.toLowerCase().includes(wanted));
    const exact = names.find((name) => name === text);
    // A name that others begin with is chosen at once too: one may go on typing.
    if (exact !== undefined) onJob(exact);
    else if (done && fits[0] !== undefined) onJob(fits[0]);
  };
  return (
    <label className="figure-job">
      <span className="sr-only">{t("figures.job")}</span>
      <input
        type="search"
        list={list}
        value={typed}
        maxLength={200}
        placeholder={t("figures.find_job")}
        data-testid="figures-job"
        onChange={({ target }) => choose(target.value, false)}
        onKeyDown={(event) => {
          if (event.key === "Enter") choose(typed, true);
          if (event.key === "Escape") setTyped(job);
        }}
        onBlur={() => setTyped(job)}
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
