import { Fragment, type ReactNode } from "react";
import { useTranslation } from "#i18n";
import type { JobsConfig, JobType } from "../../api/types";
import { Breakable } from "../../layout/breakable";
import { Link } from "../../layout/link";
import { useScopedPath } from "../../layout/project-scope";
import { isObject, type JsonSchema, properties } from "../../schema/json-schema";
import { wordsOf } from "../../schema/words";
import { connectionsOf, joinHolds } from "../edges/join";
import { JobLink } from "./job-link";

/** Where a job comes from and what it is connected with. */
export function JobFacts({ job, config, schema }: { job: JobType; config: JobsConfig; schema: JsonSchema }) {
  const { t } = useTranslation();
  const scoped = useScopedPath();
  const chains = config.CASCADE_CHAINS;
  const upstream = Object.keys(chains).filter((other) => chains[other]?.includes(job.name));
  const join = config.CASCADE_JOINS[job.name];
  const downstream = connectionsOf(chains, config.CASCADE_JOINS)[job.name] ?? [];
  const keys = config.JOB_TO_DATA_MAP[job.name] ?? [];
  return (
    <section className="panel">
      <h2>{t("jobs.about")}</h2>
      <dl className="run-facts">
        <dt>{t("jobs.version")}</dt>
        <dd>{job.version}</dd>
        <dt>{t("jobs.origin")}</dt>
        <dd>
          {t(`jobs.origins.${job.origin.kind}`)},{" "}
          <code>
            <Breakable text={job.origin.plugin} />
          </code>
          <br />
          <code className="muted">
            <Breakable text={job.origin.location} />
          </code>
        </dd>
        <dt>{t("jobs.upstream")}</dt>
        <dd>
          <Names none={t("jobs.no_jobs")} names={upstream} shown={(name) => <JobLink job={name} />} />
        </dd>
        {join && (
          <>
            <dt>{t("joins.after_all")}</dt>
            <dd>
              <Names none={t("jobs.no_jobs")} names={join.all_of} shown={(name) => <JobLink job={name} />} />
              <span className="muted">{joinHolds(join, t)}</span>
            </dd>
          </>
        )}
        <dt>{t("jobs.downstream")}</dt>
        <dd>
          <Names none={t("jobs.no_jobs")} names={downstream} shown={(name) => <JobLink job={name} />} />
        </dd>
        <dt>{t("jobs.refreshes")}</dt>
        <dd>
          <Names
            none={t("jobs.no_data")}
            names={keys}
            shown={(key) => (
              <Link to={scoped(`/data/${encodeURIComponent(key)}`)}>
                <code>{key}</code>
              </Link>
            )}
          />
        </dd>
        <Settings settings={config.jobs[job.name]} schema={schema} />
      </dl>
    </section>
  );
}

/** What jobs.toml says of it, or holds without it: each key that the host has a title for. */
function Settings({ settings, schema }: { settings: unknown; schema: JsonSchema }) {
  const { t, i18n } = useTranslation();
  if (!isObject(settings)) return null;
  const isTold = (value: unknown) => (Array.isArray(value) ? value.length > 0 : (value ?? null) !== null);
  const told = properties(schema).filter(([name, { title }]) => title && isTold(settings[name]));
  return told.map(([name, each]) => {
    const value = settings[name];
    if (isObject(value)) return <Settings key={name} settings={value} schema={each} />;
    const words = typeof value === "boolean" ? t(value ? "form.yes" : "form.no") : written(value);
    return (
      <Fragment key={name}>
        <dt title={wordsOf(each, i18n.language).description}>{wordsOf(each, i18n.language).title}</dt>
        <dd>{words}</dd>
      </Fragment>
    );
  });
}

const written = (value: unknown) => (Array.isArray(value) ? value.join(", ") : String(value));

function Names({ names, none, shown }: { names: string[]; none: string; shown: (name: string) => ReactNode }) {
  if (names.length === 0) return <span className="muted">{none}</span>;
  return (
    <ul className="names">
      {names.map((name) => (
        <li key={name}>{shown(name)}</li>
      ))}
    </ul>
  );
}
