import { type KeyboardEvent, type PointerEvent, useState } from "react";

const WIDTH = 600;
const HEIGHT = 140;

export interface Series {
  name: string;
  /** A colour of the theme. */
  colour: string;
  /** One for each step; nothing where there is none. */
  values: (number | null)[];
}

interface Props {
  title: string;
  /** What is said beside the title while no step is chosen. */
  told: string;
  /** When each step begins, in ms since 1970. */
  steps: number[];
  series: Series[];
  /** Bars stand on one another; lines are broken where there is no value. */
  kind: "bars" | "lines";
  format: (value: number) => string;
  /** How a step is called. */
  stepText: (at: number) => string;
  /** The chosen step, for all charts of the screen. */
  chosen: number | undefined;
  onChoose: (step: number | undefined) => void;
}

/** Figures over time. A step is read out by pointer or arrow keys, above in its place. */
export function FigureChart({ title, told, steps, series, kind, format, stepText, chosen, onChoose }: Props) {
  const [focused, setFocused] = useState(false);
  const last = Math.max(0, steps.length - 1);
  const at = Math.min(chosen ?? last, last);
  const sums = steps.map((_, step) => series.reduce((sum, { values }) => sum + (values[step] ?? 0), 0));
  const peaks = series.flatMap(({ values }) => values.map((value) => value ?? 0));
  const most = Math.max(0, ...(kind === "bars" ? sums : peaks)) || 1;
  const width = WIDTH / Math.max(1, steps.length);
  const x = (step: number) => (step + 0.5) * width;
  const y = (value: number) => HEIGHT - (value / most) * (HEIGHT - 4);
  const value = ({ values }: Series) => {
    const found = values[at];
    return found === null || found === undefined ? "–" : format(found);
  };
  const point = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onChoose(Math.max(0, Math.min(last, Math.floor(((event.clientX - left) / width) * steps.length))));
  };
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onChoose(Math.max(0, Math.min(last, to)));
  };
  const time = stepText(steps[at] ?? 0);
  return (
    <figure className="figure-chart panel" data-testid="figure-chart">
      <figcaption>
        <h2>{title}</h2>
        <span className="muted num">{chosen === undefined ? told : time}</span>
      </figcaption>
      <div
        className="figure-plot"
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={1}
        aria-valuemax={steps.length}
        aria-valuenow={at + 1}
        aria-valuetext={`${time}: ${series.map((each) => `${each.name} ${value(each)}`).join(", ")}`}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => !focused && onChoose(undefined)}
        onFocus={() => setFocused(true)}
        onBlur={() => {
          setFocused(false);
          onChoose(undefined);
        }}
        onKeyDown={onKey}
      >
        <span className="figure-most num" aria-hidden>
          {format(most)}
        </span>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
          <line className="figure-base" x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
          {chosen !== undefined && (
            <rect className="figure-chosen" x={at * width} width={width} y={0} height={HEIGHT} />
          )}
          {kind === "bars"
            ? steps.map((start, step) => (
                <Bars key={start} series={series} step={step} x={step * width} width={width} y={y} />
              ))
            : series.map(({ name, colour, values }) => (
                <path key={name} className="figure-line" stroke={colour} d={line(values, x, y, width)} />
              ))}
        </svg>
      </div>
      <div className="figure-times num muted" aria-hidden>
        <span>{stepText(steps[0] ?? 0)}</span>
        <span>{stepText(steps[last] ?? 0)}</span>
      </div>
      <ul className="figure-legend">
        {series.map((each) => (
          <li key={each.name}>
            <i style={{ background: each.colour }} aria-hidden />
            {each.name}
            {chosen !== undefined && <b className="num"> {value(each)}</b>}
          </li>
        ))}
      </ul>
    </figure>
  );
}

interface BarsProps {
  series: Series[];
  step: number;
  x: number;
  width: number;
  y: (value: number) => number;
}

function Bars({ series, step, x, width, y }: BarsProps) {
  let below = 0;
  return series.map(({ name, colour, values }) => {
    const value = values[step] ?? 0;
    if (value === 0) return null;
    const [top, bottom] = [y(below + value), y(below)];
    below += value;
    // One failure among thousands of runs is still to be seen.
    const height = Math.max(1.5, bottom - top);
    return (
      <rect key={name} x={x + width * 0.1} width={width * 0.8} y={bottom - height} height={height} fill={colour} />
    );
  });
}

/** Broken where there is no value; a step by itself is a dash. */
export function line(
  values: (number | null)[],
  x: (step: number) => number,
  y: (value: number) => number,
  width: number,
): string {
  const parts: string[] = [];
  values.forEach((value, step) => {
    if (value === null) return;
    const before = values[step - 1] ?? null;
    const after = values[step + 1] ?? null;
    if (before !== null) parts.push(`L${x(step)} ${y(value)}`);
    else if (after !== null) parts.push(`M${x(step)} ${y(value)}`);
    else parts.push(`M${x(step) - width / 2} ${y(value)}h${width}`);
  });
  return parts.join("");
}
