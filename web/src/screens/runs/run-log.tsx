import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine } from "lucide-react";
import { type Ref, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import type { RunLogs as Log, LogLine } from "../../api/types";
import { CopyButton } from "../../layout/copy-button";
import { Empty, Failure, Loading } from "../../layout/states";
import { useTyped } from "../../layout/use-typed";
import type { Polled } from "../../live/use-polled-query";
import { cutAt, filterLog, LEVELS, logText } from "./log-filter";

interface Props {
  log: Polled<Log>;
  /** Whether more may come. */
  live: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  searchField: Ref<HTMLInputElement>;
}

const LINE_PX = 24;
/** So near the end counts as at it. */
const AT_END_PX = 30;
const NONE: LogLine[] = [];

/** What a run has written, as it writes it; filters stand in the address. */
export function RunLog({ log, live, follow, onFollow, searchField }: Props) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const level = LEVELS.find((known) => known === search.get("level")) ?? "";
  const text = search.get("log") ?? "";
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const [typed, setTyped] = useTyped(text, (wanted) => set("log", wanted));
  const lines = log.data?.items ?? NONE;
  const shown = useMemo(() => filterLog(lines, { level, text: typed }), [lines, level, typed]);
  return (
    <section className="panel" data-testid="run-log">
      <header>
        <h2>{t("jobs.log")}</h2>
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
            value={typed}
            aria-label={t("runs.log_search")}
            placeholder={t("runs.log_search")}
            data-testid="log-search"
            onChange={({ target }) => setTyped(target.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <button type="button" aria-pressed={follow} className="follow" onClick={() => onFollow(!follow)}>
            <ArrowDownToLine size={14} aria-hidden /> {t("runs.follow")}
          </button>
          <CopyButton label={t("runs.copy_log")} text={() => logText(shown.map(({ line }) => line))} />
        </div>
      </header>
      {log.error && <Failure error={log.error} retry={() => void log.refresh()} />}
      {log.loading && <Loading rows={2} />}
      {log.data && lines.length === 0 && <Empty>{t(live ? "runs.no_log_yet" : "jobs.no_log")}</Empty>}
      {lines.length > 0 && (
        <>
          <p className="muted num log-count" role="status">
            {t("runs.lines", { count: shown.length, of: lines.length })}
          </p>
          {shown.length > 0 && <Lines lines={shown} text={typed} follow={follow} onFollow={onFollow} />}
        </>
      )}
    </section>
  );
}

interface LinesProps {
  lines: { line: LogLine; at: number }[];
  text: string;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}

function Lines({ lines, text, follow, onFollow }: LinesProps) {
  const { t, i18n } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [time] = useState(() => new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium" }));
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
    getItemKey: (index) => lines[index]?.at ?? index,
  });
  const size = virtual.getTotalSize();
  useEffect(() => {
    if (follow && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [follow, lines.length, size]);
  const wasAt = useRef(0);
  const onScroll = () => {
    const element = frame.current;
    if (!element) return;
    const left = element.scrollHeight - element.clientHeight - element.scrollTop;
    // Upwards is away from the end; it grows by itself otherwise.
    if (follow && element.scrollTop < wasAt.current && left > AT_END_PX) onFollow(false);
    wasAt.current = element.scrollTop;
  };
  return (
    <div className="log-frame" ref={frame} onScroll={onScroll} tabIndex={0} role="region" aria-label={t("jobs.log")}>
      <ol className="log" style={{ height: size }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const found = lines[index];
          if (!found) return null;
          const { line, at } = found;
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              data-testid="log-line"
              data-level={line.level}
              value={at + 1}
              style={{ transform: `translateY(${start}px)` }}
            >
              <time className="num muted" dateTime={line.at}>
                {time.format(new Date(line.at))}
              </time>
              <span className="level">{line.level}</span>
              <span className="message">
                <Marked text={line.message} wanted={text} />
                {line.fields && (
                  <code className="muted">
                    <Marked text={JSON.stringify(line.fields)} wanted={text} />
                  </code>
                )}
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Marked({ text, wanted }: { text: string; wanted: string }) {
  return <>{cutAt(text, wanted).map((piece, at) => (at % 2 === 1 ? <mark key={at}>{piece}</mark> : piece))}</>;
}
