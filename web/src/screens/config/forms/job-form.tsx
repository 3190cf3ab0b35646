import { useTranslation } from "#i18n";

import { isObject } from "../../../schema/json-schema";
import { wordsOf } from "../../../schema/words";
import { faultsAt } from "../faults-at";
import { tableAt, valueAt } from "../toml";
import type { Configuration } from "../use-configuration";
import { CommittedInput } from "./committed-input";
import {
  type Field,
  fieldEdits,
  fieldsIn,
  fieldsOf,
  flagEdits,
  isFlag,
  isGroup,
  SCHEDULE,
  type ScheduleKind,
  scheduleEdits,
  scheduleKind,
  shown,
} from "./job-edits";

const KINDS: ScheduleKind[] = ["every", "cron", "none"];

interface Props {
  job: string;
  configuration: Configuration;
}

/** `[jobs.NAME]` without its params: a field for each key that the host has a title for. */
export function JobForm({ job, configuration }: Props) {
  const { t, i18n } = useTranslation();
  const { parsed, readOnly, edit, check, facts, jobSchema, types } = configuration;
  const table = tableAt(parsed.value ?? {}, "jobs", job);
  const kind = scheduleKind(table);
  const fields = fieldsOf(jobSchema);
  // What the plugin says holds before what the host says.
  const ofPlugin: unknown = types.find(({ name }) => name === job)?.defaults;
  const fallback = ({ path, schema }: Field) =>
    String((isObject(ofPlugin) && valueAt(ofPlugin, path)) || (schema.default ?? ""));
  const words = ({ schema }: Field) => wordsOf(schema, i18n.language);
  const field = (each: Field) => {
    const name = each.path.join(".");
    const { title, description } = words(each);
    return (
      <CommittedInput
        key={name}
        id={`job-${name}`}
        label={title}
        help={description}
        value={shown(table, each)}
        fallback={fallback(each)}
        faults={faultsAt(check.diagnostics, "jobs", job, ...each.path)}
        disabled={readOnly}
        suggestions={each.schema["x-kind"] === "time_zone" ? facts?.time_zones : undefined}
        onCommit={(text) => edit(fieldEdits(job, table, each, text))}
      />
    );
  };
  const timing = fields.filter(({ path: [name] }) => SCHEDULE.includes(name));
  const others = fields.filter((each) => !timing.includes(each) && !isFlag(each) && !isGroup(each));
  return (
    <div className="job-form">
      {fields.filter(isFlag).map((each) => (
        <label key={each.path[0]} className="tick" title={words(each).description}>
          <input
            type="checkbox"
            checked={(table[each.path[0]] ?? each.schema.default) === true}
            disabled={readOnly}
            onChange={(event) => edit(flagEdits(job, table, each, event.target.checked))}
          />
          {words(each).title}
        </label>
      ))}
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
          {timing.filter(({ path: [name] }) => name === kind || (kind === "cron" && name !== "every")).map(field)}
        </div>
        {kind === "none" && <p className="muted">{t("config.jobs.kind_none_help")}</p>}
      </fieldset>
      <fieldset>
        <legend>{t("config.jobs.settings")}</legend>
        <div className="fields-row">{others.map(field)}</div>
      </fieldset>
      {fields.filter(isGroup).map((group) => (
        <fieldset key={group.path[0]}>
          <legend>{words(group).title}</legend>
          <div className="fields-row">{fieldsIn(group).map(field)}</div>
        </fieldset>
      ))}
    </div>
  );
}
