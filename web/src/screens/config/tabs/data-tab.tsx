import { useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import { Empty } from "../../../layout/states";
import { FieldFault } from "../faults";
import { faultsAt } from "../faults-at";
import { jobNames, listEdit } from "../forms/list-edits";
import type { TabProps } from "../tabs";
import { chainsAt, listsAt } from "../toml";
import { NotToml } from "./not-toml";

const MAP = "JOB_TO_DATA_MAP";

/** Which data a screen fetches again when a job is done. */
export default function DataTab({ configuration }: TabProps) {
  const { t } = useTranslation();
  const { parsed, readOnly, edit, check, facts, types } = configuration;
  const [own, setOwn] = useState<string[]>([]);
  const map = useMemo(() => (parsed.value ? listsAt(parsed.value, MAP) : {}), [parsed]);
  if (!parsed.value) return <NotToml error={parsed.error} />;
  const chains = chainsAt(parsed.value);
  const jobs = jobNames(
    chains,
    Object.keys(map),
    types.map(({ name }) => name),
  );
  const served = facts?.data_keys ?? [];
  const keys = [...new Set([...served, ...Object.values(map).flat(), ...own])].sort();
  return (
    <section className="panel" data-testid="data-map">
      <p className="muted">{t("config.data.lead")}</p>
      {jobs.length === 0 && <Empty>{t("jobs.none")}</Empty>}
      <ul className="data-map">
        {jobs.map((job) => (
          <li key={job} data-job={job}>
            <code>{job}</code>
            <div className="chips" role="group" aria-label={t("config.data.of", { job })}>
              {keys.map((key) => {
                const on = map[job]?.includes(key) ?? false;
                return (
                  <button
                    key={key}
                    type="button"
                    className="chip"
                    aria-pressed={on}
                    disabled={readOnly}
                    onClick={() => edit([listEdit(MAP, job, key, !on)])}
                  >
                    {key}
                  </button>
                );
              })}
            </div>
            <FieldFault faults={faultsAt(check.diagnostics, MAP, job)} />
          </li>
        ))}
      </ul>
      {!readOnly && <OwnKey onAdd={(key) => setOwn([...own, key])} />}
    </section>
  );
}

/** A key that no plugin serves may still have a screen of its own. */
function OwnKey({ onAdd }: { onAdd: (key: string) => void }) {
  const { t } = useTranslation();
  const [key, setKey] = useState("");
  return (
    <form
      className="connection-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() === "") return;
        onAdd(key.trim());
        setKey("");
      }}
    >
      <label>
        <span>{t("config.data.other")}</span>
        <input type="text" value={key} onChange={(event) => setKey(event.target.value)} />
      </label>
      <button type="submit">{t("config.add")}</button>
    </form>
  );
}
