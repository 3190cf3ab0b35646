import { useTranslation } from "react-i18next";

import type { JobType } from "../../../api/types";
import { faultsAt } from "../faults-at";
import { tableAt } from "../toml";
import type { Configuration } from "../use-configuration";
import { CommittedInput } from "./committed-input";
import {
  BACKOFF,
  enabledEdits,
  type Field,
  fieldEdits,
  type ScheduleKind,
  scheduleEdits,
  scheduleKind,
  shown,
  TIMING,
} from "./job-edits";

const KINDS: ScheduleKind[] = ["every", "cron", "none"];
/** What holds when the file says nothing: what the plugin says, or else the host. */
function defaultsOf(type: JobType | undefined): Record<string, string> {
  const said = type?.defaults;
  return {
    timezone: "UTC",
    timeout: said?.timeout ?? "10m",
    max_attempts: String(said?.max_attempts ?? 3),
    ...(said?.concurrency != null && { concurrency: String(said.concurrency) }),
    "backoff.initial": said?.backoff.initial ?? "10s",
    "backoff.max": said?.backoff.max ?? "10m",
    "backoff.factor": String(said?.backoff.factor ?? 2),
  };
}

interface Props {
  job: string;
  configuration: Configuration;
}

/** When a job runs and how: `[jobs.NAME]` without its params. */
export function JobForm({ job, configuration }: Props) {
  const { t } = useTranslation();
  const { parsed, readOnly, edit, check, facts } = configuration;
  const defaults = defaultsOf(configuration.types.find((type) => type.name === job));
  const table = tableAt(parsed.value ?? {}, "jobs", job);
  const kind = scheduleKind(table);
  const field = (each: Field, suggestions?: string[]) => {
    const name = each.path.join(".");
    return (
      <CommittedInput
        key={name}
        id={`job-${name}`}
        label={t(`config.jobs.fields.${each.path.join("_")}`)}
        help={t(`config.jobs.help.${each.path.join("_")}`)}
        value={shown(table, each.path)}
        fallback={defaults[name] ?? t("config.jobs.no_limit")}
        faults={faultsAt(check.diagnostics, "jobs", job, ...each.path)}
        disabled={readOnly}
        suggestions={suggestions}
        onCommit={(text) => edit(fieldEdits(job, table, each, text))}
      />
    );
  };
  return (
    <div className="job-form">
      <label className="tick">
        <input
          type="checkbox"
          checked={table.enabled !== false}
          disabled={readOnly}
          onChange={(event) => edit(enabledEdits(job, table, event.target.checked))}
        />
        {t("config.jobs.enabled")}
      </label>
      <fieldset>
        <legend>{t("jobs.schedule")}</legend>
        <div className="segments" role="group" aria-label={t("jobs.schedule")}>
          {KINDS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={kind === each}
              disabled={readOnly}
              onClick={() => edit(scheduleEdits(job, table, each))}
            >
              {t(`config.jobs.kinds.${each}`)}
            </button>
          ))}
        </div>
        <div className="fields-row">
          {kind === "every" && field({ path: ["every"], kind: "text" })}
          {kind === "cron" && field({ path: ["cron"], kind: "text" })}
          {kind === "cron" && field({ path: ["timezone"], kind: "text" }, facts?.time_zones)}
        </div>
        {kind === "none" && <p className="muted">{t("config.jobs.kind_none_help")}</p>}
      </fieldset>
      <fieldset>
        <legend>{t("config.jobs.limits")}</legend>
        <div className="fields-row">{TIMING.map((each) => field(each))}</div>
      </fieldset>
      <fieldset>
        <legend>{t("config.jobs.backoff")}</legend>
        <div className="fields-row">{BACKOFF.map((each) => field(each))}</div>
      </fieldset>
    </div>
  );
}
