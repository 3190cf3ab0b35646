import { X } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { Histogram, HistogramPoint } from "../../../api/types";
import type { Polled } from "../../../live/use-polled-query";
import type { RunFilters } from "../written-filters";
import { COLOURS, moved, padded, type Range, rangeOf, STACK, sumOf, timesOf, totals } from "./histogram-data";
import "./run-histogram.css";

interface Props {
  histogram: Polled<Histogram>;
  filters: RunFilters;
  change: (part: Partial<RunFilters>) => void;
}

const HEIGHT = 64;

/** Runs by state over the time at which they were queued. Dragging over it, or its two handles, set the filter of time. */
export default function RunHistogram({ histogram, filters, change }: Props) {
  const { t, i18n } = useTranslation();
  const data = histogram.data && padded(histogram.data, filters.from);
  const number = new Intl.NumberFormat(i18n.language);
  const timeText = useTimeText(data);
  const [pending, setPending] = useState<Range>();
  const [hovered, setHovered] = useState<number>();
  const points = data?.points ?? [];
  const looked = pending
    ? points.slice(pending.first, pending.end)
    : hovered !== undefined && points[hovered]
      ? [points[hovered]]
      : points;
  const apply = (range: Range) => {
    setPending(undefined);
    if (data) change({ ...timesOf(data, range), since: "" });
  };
  const about = () => {
    if (!data || looked.length === 0) return "";
    const range = pending ?? (hovered === undefined ? undefined : rangeOf(hovered, hovered));
    if (!range) return data.more ? t("runs.histogram.more", { count: data.counted }) : "";
    const { from, to } = timesOf(data, range);
    return `${timeText(from)} – ${timeText(to)}`;
  };
  const exact = Boolean(filters.from || filters.to);
  if (!exact && (!data || points.length === 0) && !histogram.loading) return null;
  return (
    <figure className="run-histogram" aria-label={t("runs.histogram.title")} data-testid="run-histogram">
      <figcaption>
        <ul className="histogram-legend">
          {totals(looked).map(({ state, runs }) => (
            <li key={state} data-state={state}>
              <i style={{ background: COLOURS[state] }} aria-hidden />
              {t(`jobs.run_states.${state}`)} <b className="num">{number.format(runs)}</b>
            </li>
          ))}
        </ul>
        <span className="muted num" data-testid="histogram-about">
          {about()}
        </span>
        {exact && (
          <span className="trace-chip" data-testid="time-chip">
            <span className="num">
              {filters.from ? timeText(filters.from) : "…"} – {filters.to ? timeText(filters.to) : "…"}
            </span>
            <button
              type="button"
              className="ghost icon"
              aria-label={t("runs.histogram.clear")}
              title={t("runs.histogram.clear")}
              data-testid="clear-time"
              onClick={() => change({ from: "", to: "" })}
            >
              <X size={13} aria-hidden />
            </button>
          </span>
        )}
      </figcaption>
      {points.length > 0 ? (
        <Plot
          points={points}
          pending={pending}
          onPending={setPending}
          hovered={hovered}
          onHover={setHovered}
          onApply={apply}
          textOf={(range) => {
            if (!data) return "";
            const { from, to } = timesOf(data, range);
            const runs = points.slice(range.first, range.end).reduce((sum, point) => sum + sumOf(point), 0);
            return `${timeText(from)} – ${timeText(to)}: ${t("runs.found", { count: runs })}`;
          }}
        />
      ) : (
        <div className="histogram-plot" />
      )}
      {data && points.length > 0 && (
        <div className="histogram-times num muted" aria-hidden>
          <span>{timeText(points[0]?.at ?? "")}</span>
          <span className="histogram-hint">{t("runs.histogram.hint")}</span>
          <span>{timeText(timesOf(data, { first: 0, end: points.length }).to)}</span>
        </div>
      )}
    </figure>
  );
}

/** A time as short as the steps allow. */
function useTimeText(data: Histogram | undefined): (time: string) => string {
  const { i18n } = useTranslation();
  const days = (data?.step_seconds ?? 0) >= 86_400;
  const format = new Intl.DateTimeFormat(i18n.language, {
    day: "numeric",
    month: "short",
    ...(days ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit" }),
  });
  return (time) => (time ? format.format(new Date(time)) : "");
}

interface PlotProps {
  points: HistogramPoint[];
  pending: Range | undefined;
  onPending: (range: Range | undefined) => void;
  hovered: number | undefined;
  onHover: (step: number | undefined) => void;
  onApply: (range: Range) => void;
  /** A range in words, for who cannot see it. */
  textOf: (range: Range) => string;
}

function Plot({ points, pending, onPending, hovered, onHover, onApply, textOf }: PlotProps) {
  const { t } = useTranslation();
  const steps = points.length;
  const pressed = useRef<number>(undefined);
  const most = Math.max(1, ...points.map(sumOf));
  const range = pending ?? { first: 0, end: steps };
  const stepAt = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(steps - 1, Math.floor(((event.clientX - left) / width) * steps)));
  };
  const onKey = (handle: keyof Range) => (event: KeyboardEvent) => {
    if (event.key === "Enter" && pending) onApply(pending);
    else if (event.key === "Escape" && pending) onPending(undefined);
    else {
      const next = moved(range, handle, event.key, steps);
      if (!next) return;
      onPending(next);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const percent = (step: number) => `${(step / steps) * 100}%`;
  return (
    <div
      className="histogram-plot"
      data-testid="histogram-plot"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        pressed.current = stepAt(event);
        event.currentTarget.setPointerCapture(event.pointerId);
        onPending(rangeOf(pressed.current, pressed.current));
      }}
      onPointerMove={(event) => {
        const at = stepAt(event);
        onHover(at);
        if (pressed.current !== undefined) onPending(rangeOf(pressed.current, at));
      }}
      onPointerUp={(event) => {
        if (pressed.current === undefined) return;
        onApply(rangeOf(pressed.current, stepAt(event)));
        pressed.current = undefined;
      }}
      onPointerCancel={() => {
        pressed.current = undefined;
        onPending(undefined);
      }}
      onPointerLeave={() => onHover(undefined)}
    >
      <svg viewBox={`0 0 ${steps} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        {pending && (
          <rect className="histogram-range" x={range.first} width={range.end - range.first} height={HEIGHT} />
        )}
        {!pending && hovered !== undefined && (
          <rect className="histogram-range" x={hovered} width={1} height={HEIGHT} />
        )}
        {points.map((point, step) => (
          <Bar key={point.at} point={point} step={step} most={most} />
        ))}
      </svg>
      {(["first", "end"] as const).map((handle) => (
        <span
          key={handle}
          className="histogram-handle"
          role="slider"
          tabIndex={0}
          style={{ left: percent(range[handle]) }}
          aria-label={t(`runs.histogram.${handle}`)}
          aria-valuemin={0}
          aria-valuemax={steps}
          aria-valuenow={range[handle]}
          aria-valuetext={textOf(range)}
          data-testid={`histogram-${handle}`}
          onKeyDown={onKey(handle)}
          onBlur={({ relatedTarget }) => {
            // From one handle to the other the range stays.
            const inside =
              relatedTarget instanceof HTMLElement && relatedTarget.dataset.testid?.startsWith("histogram-");
            if (!inside && pressed.current === undefined) onPending(undefined);
          }}
        />
      ))}
    </div>
  );
}

function Bar({ point, step, most }: { point: HistogramPoint; step: number; most: number }) {
  let below = HEIGHT;
  return STACK.map((state) => {
    if (point[state] === 0) return null;
    // One failure among thousands of runs is still to be seen.
    const height = Math.max(2, (point[state] / most) * HEIGHT);
    below -= height;
    return <rect key={state} x={step + 0.08} width={0.84} y={below} height={height} fill={COLOURS[state]} />;
  });
}
