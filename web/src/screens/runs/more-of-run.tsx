import { useTranslation } from "#i18n";
import type { Run } from "../../api/types";
import { fullTimeOf } from "../../i18n/time";
import { isObject } from "../../schema/json-schema";
import "./more-of-run.css";
import { useRun } from "./runs-data";

/** What a run was asked for and gave out, beneath its row. */
export default function MoreOfRun({ run }: { run: Run }) {
  const { t } = useTranslation();
  const whole = useRun(run.id);
  const output = whole.data?.output;
  const args = isObject(run.args) && Object.keys(run.args).length > 0 ? run.args : undefined;
  return (
    <div className="more-facts" data-testid="more-of-run">
      <AskedFor run={run} />
      {args && <Json title={t("runs.args")} value={args} />}
      {output !== undefined && output !== null && <Json title={t("runs.output")} value={output} />}
      {whole.error && <p className="muted">{whole.error.message}</p>}
      {whole.data && !args && output === null && <p className="muted">{t("runs.more.none")}</p>}
    </div>
  );
}

/** Key, priority, the time that it waits for, and who asked: as far as there is any. */
export function AskedFor({ run }: { run: Run }) {
  const { t, i18n } = useTranslation();
  const time = fullTimeOf(i18n.language);
  const facts = [
    { name: t("runs.key"), value: run.key && <code>{run.key}</code> },
    { name: t("runs.priority"), value: run.priority > 0 && String(run.priority) },
    {
      name: t("runs.not_before"),
      value: run.run_at && <time dateTime={run.run_at}>{time.format(new Date(run.run_at))}</time>,
    },
    { name: t("runs.asked_by"), value: run.asked_by },
  ].filter(({ value }) => value);
  if (facts.length === 0) return null;
  return (
    <dl className="asked-for">
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <div className="more-json" role="group" aria-label={title}>
      <strong>{title}</strong>
      <pre className="scroll" tabIndex={0}>
        {JSON.stringify(value, null, 2)}
      </pre>
    </div>
  );
}
