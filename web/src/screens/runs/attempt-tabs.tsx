import { type KeyboardEvent, useRef } from "react";
import { useTranslation } from "#i18n";

import type { RunDetails } from "../../api/types";
import { duration, fullTimeOf } from "../../i18n/time";
import { useAddress } from "../../layout/use-address";
import { LOOKS } from "../jobs/state-pill";
import { type Attempt, attemptsOf, hasAttempts } from "./attempts";

/** The attempt of the address, if the run had it; and how to look at another, or at all. */
export function useAttempt(run: RunDetails | undefined): [number | undefined, (attempt: number | undefined) => void] {
  const { search, set } = useAddress();
  const asked = Number(search.get("attempt"));
  const known = run && hasAttempts(run) && asked >= 1 && asked <= run.attempt && Number.isInteger(asked);
  const choose = (attempt: number | undefined) => set({ attempt: attempt?.toString() }, { replace: true });
  return [known ? asked : undefined, choose];
}

interface Props {
  run: RunDetails;
  /** None for all of them. */
  chosen: number | undefined;
  onChoose: (attempt: number | undefined) => void;
}

/** A tab for each attempt of a run, with its time, worker and error; the log below shows its lines. */
export function AttemptTabs({ run, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  if (!hasAttempts(run)) return null;
  const attempts = attemptsOf(run);
  const shown = attempts.find(({ attempt }) => attempt === chosen);
  const places = [undefined, ...attempts.map(({ attempt }) => attempt)];
  const onKeyDown = (event: KeyboardEvent) => {
    const at = places.indexOf(chosen);
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: places.length - 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (step + places.length) % places.length;
    onChoose(places[next]);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  const tab = (attempt: number | undefined) => ({
    type: "button" as const,
    role: "tab",
    id: `attempt-tab-${attempt ?? "all"}`,
    "aria-selected": attempt === chosen,
    "aria-controls": "attempt-panel",
    tabIndex: attempt === chosen ? 0 : -1,
    onClick: () => onChoose(attempt),
  });
  return (
    <section className="panel attempt-tabs" data-testid="attempt-tabs">
      <h2>{t("runs.attempts")}</h2>
      <div role="tablist" aria-label={t("runs.attempts")} ref={list} onKeyDown={onKeyDown}>
        <button {...tab(undefined)}>{t("runs.tabs.all")}</button>
        {attempts.map(({ attempt, state }) => (
          <button key={attempt} {...tab(attempt)} data-state={state}>
            <Sign state={state} /> {t("runs.tabs.attempt", { attempt })}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="attempt-panel" aria-labelledby={`attempt-tab-${chosen ?? "all"}`}>
        {shown ? (
          <Facts attempt={shown} />
        ) : (
          <p className="muted">{t("runs.tabs.of_all", { attempt: run.attempt, max: run.max_attempts })}</p>
        )}
      </div>
    </section>
  );
}

function Sign({ state }: Pick<Attempt, "state">) {
  const { t } = useTranslation();
  if (!state) return null;
  const { Icon } = LOOKS[state];
  return <Icon size={13} strokeWidth={2.6} role="img" aria-label={t(`jobs.run_states.${state}`)} />;
}

function Facts({ attempt: { state, startedAt, endedAt, error, worker } }: { attempt: Attempt }) {
  const { t, i18n } = useTranslation();
  const time = fullTimeOf(i18n.language);
  const at = (text: string | null) => (text ? <time dateTime={text}>{time.format(new Date(text))}</time> : "–");
  if (!state) return <p className="muted">{t("runs.tabs.unknown")}</p>;
  const took = startedAt && endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : undefined;
  return (
    <>
      <dl className="run-facts num" data-testid="attempt-facts">
        <dt>{t("runs.started")}</dt>
        <dd>{at(startedAt)}</dd>
        <dt>{t("runs.finished")}</dt>
        <dd>{at(endedAt)}</dd>
        {took !== undefined && (
          <>
            <dt>{t("jobs.took")}</dt>
            <dd>{duration(Math.max(0, took), i18n.language)}</dd>
          </>
        )}
        {worker && (
          <>
            <dt>{t("runs.tabs.worker")}</dt>
            <dd>
              <code>{worker}</code>
            </dd>
          </>
        )}
      </dl>
      {error && <pre tabIndex={0}>{error}</pre>}
    </>
  );
}
