import { Search, SlidersHorizontal, X } from "lucide-react";
import { type Ref, useState } from "react";
import { useTranslation } from "#i18n";

import { CheckMenu } from "../../layout/check-menu";
import { useProjectScope } from "../../layout/project-scope";
import { useTyped } from "../../layout/use-typed";
import { useJobTypes } from "../jobs/jobs-data";
import { ConditionFilter, Conditions } from "./condition-filter";
import { countSet, fromLocal, RUN_STATES, SPANS, TRIGGERS, toLocal } from "./filters";
import { ChosenTags, TagFilter } from "./tags/tag-filter";
import { NO_FILTERS, type RunFilters } from "./written-filters";

interface Props {
  filters: RunFilters;
  change: (part: Partial<RunFilters>) => void;
  /** The field that `/` leads to. */
  searchField: Ref<HTMLInputElement>;
}

/** Which runs: each filter stands in the address. */
export default function FilterBar({ filters, change, searchField }: Props) {
  const { t } = useTranslation();
  const scope = useProjectScope();
  const types = useJobTypes();
  const [open, setOpen] = useState(false);
  const set = countSet({ ...filters, text: "" });
  const names = [...new Set([...(types.data?.items ?? []).map(({ name }) => name), ...filters.jobs])].sort();
  return (
    <search className="run-filters" data-open={open || undefined}>
      <TextFilter value={filters.text} onChange={(text) => change({ text })} field={searchField} />
      <button type="button" className="more" aria-expanded={open} onClick={() => setOpen(!open)}>
        <SlidersHorizontal size={14} aria-hidden /> {t("runs.filters")}
        {set > 0 && <span className="num">({set})</span>}
      </button>
      <CheckMenu
        label={t("jobs.job")}
        none={t("runs.any_job")}
        options={names.map((name) => ({ value: name, text: name }))}
        chosen={filters.jobs}
        onChange={(jobs) => change({ jobs })}
      />
      <CheckMenu
        label={t("jobs.state")}
        none={t("jobs.any_state")}
        options={RUN_STATES.map((state) => ({ value: state, text: t(`jobs.run_states.${state}`) }))}
        chosen={filters.states}
        onChange={(states) => change({ states: RUN_STATES.filter((state) => states.includes(state)) })}
      />
      <label>
        <span className="field-label">{t("jobs.project")}</span>
        <select value={scope.slug} onChange={({ target }) => scope.choose(target.value)}>
          {scope.all && <option value="">{t("all_projects")}</option>}
          {scope.projects.map(({ slug, name }) => (
            <option key={slug} value={slug}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="field-label">{t("jobs.trigger")}</span>
        <select
          value={filters.trigger}
          onChange={({ target }) => change({ trigger: target.value as RunFilters["trigger"] })}
        >
          <option value="">{t("runs.any_trigger")}</option>
          {TRIGGERS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`runs.triggers.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      <TimeFilter filters={filters} change={change} />
      <ConditionFilter jobs={filters.jobs} conditions={filters.where} onChange={(where) => change({ where })} />
      <TagFilter tags={filters.tags} onChange={(tags) => change({ tags })} />
      <ChosenTags tags={filters.tags} onChange={(tags) => change({ tags })} />
      <Conditions conditions={filters.where} onChange={(where) => change({ where })} />
      {filters.trace && (
        <span className="trace-chip">
          {t("jobs.trace")} <code>{filters.trace.slice(0, 8)}</code>
          <button
            type="button"
            className="ghost icon"
            aria-label={t("runs.any_trace")}
            onClick={() => change({ trace: "" })}
          >
            <X size={13} aria-hidden />
          </button>
        </span>
      )}
      {countSet(filters) > 0 && (
        <button type="button" className="ghost clear" onClick={() => change({ ...NO_FILTERS, sort: filters.sort })}>
          {t("runs.clear")}
        </button>
      )}
    </search>
  );
}

function TextFilter({
  value,
  onChange,
  field,
}: {
  value: string;
  onChange: (text: string) => void;
  field: Ref<HTMLInputElement>;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useTyped(value, onChange);
  return (
    <label className="text">
      <span className="field-label">{t("runs.text")}</span>
      <span className="with-icon">
        <Search size={14} aria-hidden />
        <input
          ref={field}
          type="search"
          value={typed}
          placeholder={t("runs.text_hint")}
          data-testid="runs-search"
          onChange={({ target }) => setTyped(target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") onChange(typed);
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
      </span>
    </label>
  );
}

function TimeFilter({ filters, change }: Pick<Props, "filters" | "change">) {
  const { t } = useTranslation();
  const exact = Boolean(filters.from || filters.to);
  const [open, setOpen] = useState(exact);
  const custom = open || exact;
  return (
    <>
      <label>
        <span className="field-label">{t("runs.time")}</span>
        <select
          value={custom ? "custom" : filters.since}
          onChange={({ target }) => {
            setOpen(target.value === "custom");
            if (target.value !== "custom") change({ since: target.value as RunFilters["since"], from: "", to: "" });
          }}
        >
          <option value="">{t("runs.any_time")}</option>
          {Object.keys(SPANS).map((span) => (
            <option key={span} value={span}>
              {t(`runs.spans.${span}`)}
            </option>
          ))}
          <option value="custom">{t("runs.spans.custom")}</option>
        </select>
      </label>
      {custom &&
        (["from", "to"] as const).map((end) => (
          <label key={end}>
            <span className="field-label">{t(`runs.${end}`)}</span>
            <input
              type="datetime-local"
              value={toLocal(filters[end])}
              onChange={({ target }) => change({ [end]: fromLocal(target.value), since: "" })}
            />
          </label>
        ))}
    </>
  );
}
