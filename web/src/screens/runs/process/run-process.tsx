import { Fragment } from "react";
import { useTranslation } from "#i18n";

import type { RunProcess as Process } from "../../../api/types";
import { relative } from "../../../i18n/time";
import { useNow } from "../../../live/use-now";
import { bytes, seconds } from "./amounts";

/** What a run uses of the machine of its worker while it runs. */
export function RunProcess({ process }: { process: Process | null }) {
  const { t, i18n } = useTranslation();
  const now = useNow(1000);
  if (!process) return null;
  const facts = [
    { name: t("process.worker"), value: process.worker },
    { name: t("process.pid"), value: process.pid },
    { name: t("process.processes"), value: process.processes !== 1 && process.processes },
    { name: t("process.thread"), value: process.thread },
    { name: t("process.memory"), value: process.memory !== null && bytes(process.memory, i18n.language) },
    { name: t("process.cpu"), value: seconds(process.cpu_ms, i18n.language) },
    { name: t("process.state"), value: t(`process.states.${process.state}`) },
  ].filter(({ value }) => value !== null && value !== false);
  return (
    <section className="panel" aria-label={t("process.title")} data-testid="run-process">
      <h2>{t("process.title")}</h2>
      <dl className="run-facts num">
        {facts.map(({ name, value }) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
      <p className="muted">
        {t("process.measured", { when: relative(Math.min(0, Date.parse(process.at) - now), i18n.language) })}
      </p>
    </section>
  );
}
