import { useVirtualizer } from "@tanstack/react-virtual";
import { Scissors } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { LogLine } from "../../api/types";
import { cutAt, droppedAt } from "./log-filter";
import type { LogWindow } from "./log-window";

interface Props {
  log: LogWindow;
  /** What is looked for. */
  text: string;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  earlier: () => void;
  later: () => void;
}

const LINE_PX = 24;
/** So near the end counts as at it. */
const AT_END_PX = 30;
/** So near an end of what is here, more is fetched. */
const SOON_PX = 1200;

/** Lines of a log, of which only those in view are in the document; more are fetched at both ends. */
export function LogLines({ log, text, follow, onFollow, earlier, later }: Props) {
  const { t } = useTranslation();
  const { lines, moreBefore, moreAfter } = log;
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
    getItemKey: (index) => lines[index]?.seq ?? index,
  });
  const size = virtual.getTotalSize();

  // What comes before what is looked at does not move it.
  const first = useRef(lines[0]?.seq);
  useLayoutEffect(() => {
    const added = lines.findIndex(({ seq }) => seq === first.current);
    first.current = lines[0]?.seq;
    if (added > 0 && frame.current) frame.current.scrollTop += virtual.getOffsetForIndex(added, "start")?.[0] ?? 0;
    // Other lines than before: from their beginning.
    else if (added < 0 && frame.current && !follow) frame.current.scrollTop = 0;
  }, [lines, virtual, follow]);
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
    if (moreBefore && element.scrollTop < SOON_PX) earlier();
    if (moreAfter && left < SOON_PX) later();
  };
  return (
    <div className="log-frame" ref={frame} onScroll={onScroll} tabIndex={0} role="region" aria-label={t("jobs.log")}>
      <ol className="log" style={{ height: size }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const line = lines[index];
          if (!line) return null;
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              data-testid="log-line"
              data-level={line.level}
              data-dropped={droppedAt(line) || undefined}
              style={{ transform: `translateY(${start}px)` }}
            >
              <Line line={line} text={text} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Line({ line, text }: { line: LogLine; text: string }) {
  const { t, i18n } = useTranslation();
  const [time] = useState(() => new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium" }));
  const dropped = droppedAt(line);
  return (
    <>
      <time className="num muted" dateTime={line.at}>
        {time.format(new Date(line.at))}
      </time>
      <span className="level">{line.level}</span>
      <span className="message">
        {dropped > 0 && (
          <strong className="dropped">
            <Scissors size={13} aria-hidden /> {t("runs.dropped", { count: dropped })}{" "}
          </strong>
        )}
        <Marked text={line.message} wanted={text} />
        {line.fields && dropped === 0 && (
          <code className="muted">
            <Marked text={JSON.stringify(line.fields)} wanted={text} />
          </code>
        )}
      </span>
    </>
  );
}

function Marked({ text, wanted }: { text: string; wanted: string }) {
  return <>{cutAt(text, wanted).map((piece, at) => (at % 2 === 1 ? <mark key={at}>{piece}</mark> : piece))}</>;
}
