import { Plus, X } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "#i18n";

interface Props {
  label: string;
  /** The jobs that are chosen, in the order of the file. */
  chosen: string[];
  /** Those that can be chosen too. */
  free: string[];
  fault?: string | undefined;
  onChange: (chosen: string[]) => void;
}

/** Several jobs: each can be taken out, and others are found by typing a part of their names. */
export function JobChips({ label, chosen, free, fault, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState("");
  const wanted = typed.trim();
  const fits = free.filter((job) => job.toLowerCase().includes(wanted.toLowerCase()));
  // The only job that fits needs not be written out.
  const found = free.includes(wanted) ? wanted : wanted && fits.length === 1 ? fits[0] : undefined;
  const add = (job: string) => {
    onChange([...chosen, job]);
    setTyped("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    // It would send the form.
    event.preventDefault();
    if (found) add(found);
  };
  const said = fault ?? (wanted && fits.length === 0 ? t("joins.no_such", { job: wanted }) : undefined);
  return (
    <div className="edge-input job-chips">
      <label htmlFor={id}>{label}</label>
      {chosen.length > 0 && (
        <ul className="chips">
          {chosen.map((job) => (
            <li key={job} className="chip" data-testid="joined-job">
              <code className="chip-text">{job}</code>
              <button
                type="button"
                className="ghost icon"
                aria-label={t("joins.remove_job", { job })}
                title={t("joins.remove_job", { job })}
                onClick={() => onChange(chosen.filter((each) => each !== job))}
              >
                <X size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="job-chips-add">
        <input
          id={id}
          value={typed}
          list={`${id}-list`}
          spellCheck={false}
          autoComplete="off"
          placeholder={t("joins.find_job")}
          aria-invalid={said ? true : undefined}
          aria-describedby={said ? `${id}-fault` : undefined}
          onChange={({ target }) => setTyped(target.value)}
          // A person who goes on has meant the job that is written there.
          onBlur={() => free.includes(wanted) && add(wanted)}
          onKeyDown={onKeyDown}
        />
        <button type="button" className="edge-add" disabled={!found} onClick={() => found && add(found)}>
          <Plus size={14} aria-hidden />
          {t("config.add")}
        </button>
      </div>
      <datalist id={`${id}-list`}>
        {fits.map((job) => (
          <option key={job} value={job} />
        ))}
      </datalist>
      {said && (
        <small id={`${id}-fault`} className="edge-fault">
          {said}
        </small>
      )}
    </div>
  );
}
