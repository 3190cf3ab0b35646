import { useId } from "react";
import { useTranslation } from "#i18n";

import { useHeld } from "../../layout/use-typed";
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
  const { typed, setTyped, told } = useHeld(job);
  const names = (types.data?.items ?? []).map(({ name }) => name);
  const tell = (name: string) => {
    told.current = name;
    onJob(name);
  };
  const choose = (text: string, done: boolean) => {
    setTyped(text);
    const wanted = text.trim().toLowerCase();
    if (wanted === "") return tell("");
    const fits = names.filter((name) => name.toLowerCase().includes(wanted));
    const exact = names.find((name) => name === text);
    // A name that others begin with is chosen at once too: one may go on typing.
    if (exact !== undefined) tell(exact);
    else if (done && fits[0] !== undefined) {
      tell(fits[0]);
      setTyped(fits[0]);
    }
  };
  // The job that was chosen last, also before the address has followed.
  const restore = () => setTyped(told.current);
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
          if (event.key === "Escape") restore();
        }}
        onBlur={restore}
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
