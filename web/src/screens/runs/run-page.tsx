import { useRef, useState } from "react";
import { useTranslation } from "#i18n";
import { useShortcuts } from "../../keys/use-shortcuts";
import { usePageTitle } from "../../layout/page-title";
import { usePlaceParams } from "../../layout/place-params";
import { Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { Decisions } from "../edges/decisions";
import { JobLink } from "../jobs/job-link";
import "../jobs/jobs.css";
import { RunActions } from "../jobs/run-actions";
import { StatePill } from "../jobs/state-pill";
import { CascadeTrace } from "../trace/cascade-trace";
import { TraceJoins } from "../trace/joins";
import { RunWhy } from "../why/run-why";
import { useWhyRun } from "../why/why-data";
import { AgainActions } from "./again/again-actions";
import { AttemptTabs, useAttempt } from "./attempt-tabs";
import BulkBar from "./bulk-bar";
import { CompareWithGood } from "./compare-with-good";
import { EditActions } from "./edit/edit-actions";
import { ParamsInForce } from "./params-in-force";
import { RunProcess } from "./process/run-process";
import { RunArgs, RunDetails, RunInput, RunOutput } from "./run-details";
import { RunLog } from "./run-log";
import "./runs.css";
import { isOver, useCascade, useRun } from "./runs-data";
import { RunsLink } from "./runs-link";
import { RunTags } from "./tags/run-tags";
import { useBulk } from "./use-bulk";

/** One run: why it exists, how it goes, what it wrote and what it set off. */
export default function RunPage() {
  const { id = "" } = usePlaceParams();
  // Another run is another page: nothing of the one before stays.
  return <OneRun key={id} id={id} />;
}

function OneRun({ id }: { id: string }) {
  const { t } = useTranslation();
  const run = useRun(id);
  const why = useWhyRun(id, run.data);
  const over = run.data && isOver(run.data);
  const cascade = useCascade(id);
  const [asked, setFollow] = useState<boolean>();
  // What is over is read from its beginning.
  const follow = asked ?? !over;
  const [attempt, choose] = useAttempt(run.data);
  const search = useRef<HTMLInputElement>(null);
  const bulk = useBulk(run.data?.project_id);
  usePageTitle(run.data && t(`jobs.run_states.${run.data.state}`), run.data?.job_type, run.data?.project_slug);

  useShortcuts([
    { keys: "r", label: "keys.retry", run: () => bulk.ask("retry", [id]) },
    { keys: "c", label: "keys.cancel", run: () => bulk.ask("cancel", [id]) },
    { keys: "/", label: "keys.search_log", run: () => search.current?.focus() },
    { keys: "f", label: "keys.follow", run: () => setFollow(!follow) },
  ]);

  if (run.loading || (run.data && why.loading)) return <Loading rows={4} />;
  if (!run.data) return <Failure error={run.error ?? new Error(id)} retry={() => void run.refresh()} />;
  const it = run.data;
  return (
    <>
      <div className="head">
        <div>
          <RunsLink>← {t("runs.all")}</RunsLink>
          <h1 className="run-title">
            <JobLink job={it.job_type} /> <StatePill state={it.state} />
          </h1>
        </div>
        <div className="run-tools">
          <RunActions run={it} onDone={run.refresh} />
          <EditActions run={it} onDone={run.refresh} />
          <AgainActions run={it} onDone={run.refresh} />
          <LastUpdatedIndicator of={run} />
        </div>
      </div>
      {run.error && <Failure error={run.error} retry={() => void run.refresh()} />}
      <RunDetails run={it} cascade={cascade.data} />
      <RunWhy run={it} why={why} />
      <RunProcess process={it.process} />
      <RunTags run={it} />
      <RunArgs run={it} />
      <RunOutput run={it} />
      <Decisions decisions={it.decisions} trace={it.trace_id} />
      <CascadeTrace cascade={cascade} id={id} />
      <TraceJoins cascade={cascade.data} id={id} />
      {over && <CompareWithGood run={it} />}
      <AttemptTabs run={it} chosen={attempt} onChoose={choose} />
      <RunLog
        key={attempt}
        run={it}
        attempt={attempt}
        over={over || (attempt !== undefined && attempt < it.attempt)}
        follow={follow}
        onFollow={setFollow}
        searchField={search}
      />
      <ParamsInForce run={it} />
      <RunInput run={it} />
      <BulkBar bulk={bulk} ids={[]} onClear={() => {}} />
    </>
  );
}
