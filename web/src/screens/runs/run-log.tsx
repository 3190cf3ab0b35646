import { ArrowDownToLine, Download } from "lucide-react";
import { type Ref, useState } from "react";
import { useTranslation } from "#i18n";

import type { Run } from "../../api/types";
import { CopyButton } from "../../layout/copy-button";
import { Empty, Failure, Loading } from "../../layout/states";
import { useAddress } from "../../layout/use-address";
import { useTyped } from "../../layout/use-typed";
import { LEVELS, logText } from "./log-filter";
import { LogLines } from "./log-lines";
import { useRunLog } from "./use-run-log";

interface Props {
  run: Run;
  /** Only what this attempt wrote. */
  attempt?: number;
  over: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  searchField: Ref<HTMLInputElement>;
}

/** What a run has written, as it writes it; filters stand in the address. */
export function RunLog({ run, attempt, over, follow, onFollow, searchField }: Props) {
  const { t } = useTranslation();
  const { search, set: write } = useAddress();
  const level = LEVELS.find((known) => known === search.get("level")) ?? "";
  const text = search.get("log") ?? "";
  const set = (name: string, value: string) => write({ [name]: value }, { replace: true });
  const [typed, setTyped] = useTyped(text, (wanted) => set("log", wanted));
  const { log, error, earlier, later, jump, refresh } = useRunLog(run.id, over, { level, text }, attempt);
  const toggle = () => {
    // The end may be far from what is here.
    if (!follow && log?.moreAfter) jump("end");
    onFollow(!follow);
  };
  return (
    <section className="panel" data-testid="run-log" data-attempt={attempt}>
      <header>
        <h2>{attempt === undefined ? t("jobs.log") : t("runs.tabs.log", { attempt })}</h2>
        <div className="log-tools">
          <select aria-label={t("runs.level")} value={level} onChange={({ target }) => set("level", target.value)}>
            <option value="">{t("runs.any_level")}</option>
            {LEVELS.slice(1).map((known) => (
              <option key={known} value={known}>
                {t(`runs.levels.${known}`)}
              </option>
            ))}
          </select>
          <input
            ref={searchField}
            type="search"
            maxLength={200}
            value={typed}
            aria-label={t("runs.log_search")}
            placeholder={t("runs.log_search")}
            data-testid="log-search"
            onChange={({ target }) => setTyped(target.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <JumpToTime
            onJump={(time) => {
              onFollow(false);
              jump(time);
            }}
          />
          <button type="button" aria-pressed={follow} className="follow" onClick={toggle}>
            <ArrowDownToLine size={14} aria-hidden /> {t("runs.follow")}
          </button>
          <a className="button" href={`/api/jobs/runs/${run.id}/logs/download`} download data-testid="log-download">
            <Download size={14} aria-hidden /> {t("runs.download_log")}
          </a>
          <CopyButton label={t("runs.copy_log")} text={() => logText(log?.lines ?? [])} />
        </div>
      </header>
      {error && <Failure error={error} retry={() => void refresh()} />}
      {!log && !error && <Loading rows={2} />}
      {log && log.all === 0 && <Empty>{t(over ? "jobs.no_log" : "runs.no_log_yet")}</Empty>}
      {log && log.all > 0 && (
        <>
          <p className="muted num log-count" role="status" data-testid="log-count" data-total={log.total}>
            {t("runs.lines", { count: log.total, of: log.all })}
          </p>
          {log.lines.length > 0 && (
            <LogLines log={log} text={text} follow={follow} onFollow={onFollow} earlier={earlier} later={later} />
          )}
        </>
      )}
    </section>
  );
}

/** In the time of the one who looks, as the lines show it. */
function JumpToTime({ onJump }: { onJump: (time: Date) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const time = new Date(typed);
  const go = () => {
    if (!Number.isNaN(time.getTime())) onJump(time);
  };
  return (
    <form
      className="log-jump"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <input
        type="datetime-local"
        step={1}
        max="9999-12-31T23:59:59"
        value={typed}
        aria-label={t("runs.jump_time")}
        title={t("runs.jump_time")}
        data-testid="log-time"
        onChange={({ target }) => setTyped(target.value)}
      />
      <button type="submit" disabled={Number.isNaN(time.getTime())} data-testid="log-jump">
        {t("runs.jump")}
      </button>
    </form>
  );
}
