import { Fragment } from "react";
import { useTranslation } from "#i18n";

import { described } from "../../../i18n/described";
import { Empty } from "../../../layout/states";
import { useAddress } from "../../../layout/use-address";
import { faultsAt, isError } from "../faults-at";
import { JobForm } from "../forms/job-form";
import { jobNames } from "../forms/list-edits";
import { ParamsForm } from "../forms/params-form";
import type { TabProps } from "../tabs";
import { chainsAt, parsedToml, tableAt, valueAt } from "../toml";
import { NotToml } from "./not-toml";

/** The settings of each job; `?job=` is the one on show. */
export default function JobsTab({ configuration }: TabProps) {
  const { t } = useTranslation();
  const { search, set } = useAddress();
  const { parsed, types, check, draft } = configuration;
  if (!parsed.value) return <NotToml error={parsed.error} />;
  const value = parsed.value;
  const base = parsedToml(draft?.base.text ?? "").value ?? {};
  const jobs = jobNames(
    chainsAt(value),
    Object.keys(tableAt(value, "jobs")),
    types.map(({ name }) => name),
  );
  const job = jobs.find((each) => each === search.get("job")) ?? jobs[0];
  if (!job) return <Empty>{t("jobs.none")}</Empty>;
  const type = types.find(({ name }) => name === job);
  const changed = (name: string) =>
    JSON.stringify(valueAt(base, ["jobs", name])) !== JSON.stringify(valueAt(value, ["jobs", name]));
  const choose = (name: string) => set({ job: name }, { replace: true });
  return (
    <div className="job-editor">
      <label className="job-choice">
        <span>{t("jobs.job")}</span>
        <select value={job} onChange={(event) => choose(event.target.value)}>
          {jobs.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <nav className="job-list" aria-label={t("nav.jobs")}>
        {jobs.map((name) => (
          <button key={name} type="button" aria-current={name === job || undefined} onClick={() => choose(name)}>
            <code>{name}</code>
            {changed(name) && <i className="unsaved" title={t("config.unsaved")} />}
            {faultsAt(check.diagnostics, "jobs", name).some(isError) && (
              <span className="pill" data-tone="bad">
                !
              </span>
            )}
          </button>
        ))}
      </nav>
      <section className="panel" data-testid="job-settings" data-job={job}>
        <header>
          <h2>
            <code>[jobs.{job}]</code>
          </h2>
        </header>
        {type && <p className="muted">{described(type.description, t)}</p>}
        {/* One key for both forms: each job starts with fresh fields, and equal keys side by side would keep old ones. */}
        <Fragment key={job}>
          <JobForm job={job} configuration={configuration} />
          <h3>{t("config.jobs.params")}</h3>
          {type ? (
            <ParamsForm type={type} configuration={configuration} />
          ) : (
            <p className="muted">{t("jobs.unknown", { job })}</p>
          )}
        </Fragment>
      </section>
    </div>
  );
}
