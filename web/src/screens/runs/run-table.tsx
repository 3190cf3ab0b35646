import { ArrowDown, ArrowUp } from "lucide-react";
import { type Ref, type RefObject, useCallback, useImperativeHandle, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { Run } from "../../api/types";
import { Rows, type RowsShown } from "../../layout/rows";
import { nextSort, type Sort, type SortKey } from "./filters";
import { RunRow } from "./run-row";

/** Its order by a column; those without cannot be ordered by. */
const COLUMNS: { name: string; sort?: SortKey }[] = [
  { name: "job", sort: "job_type" },
  { name: "project" },
  { name: "state", sort: "state" },
  { name: "trigger" },
  { name: "queued", sort: "queued_at" },
  { name: "took", sort: "took" },
  { name: "result" },
  { name: "more" },
];
const ROW_PX = 46;
Rows.preload().catch(() => {});

export interface RunTableHandle {
  /** Brings a row into view and gives it the focus. */
  focus: (index: number) => void;
}

interface Props {
  runs: Run[];
  /** How many runs stand before the first. */
  before: number;
  /** Whether they are all of the page: until then it cannot be selected. */
  whole: boolean;
  total: number;
  sort: Sort;
  onSort: (sort: Sort) => void;
  chosen: ReadonlySet<string>;
  onSelect: (ids: string[], on?: boolean) => void;
  current: string | undefined;
  onCurrent: (id: string) => void;
  now: number;
  stale: boolean;
  handle: Ref<RunTableHandle>;
}

/** The runs of a page, of which only those in view are in the document. */
export function RunTable(props: Props) {
  const { runs } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const onOpen = useCallback(
    (id: string) =>
      setOpen((before) => new Set(before.has(id) ? [...before].filter((other) => other !== id) : [...before, id])),
    [],
  );
  return (
    <Rows count={runs.length} rowPx={ROW_PX} body={body} keyOf={(index) => runs[index]?.id ?? index}>
      {(shown) => <Table {...props} shown={shown} body={body} open={open} onOpen={onOpen} />}
    </Rows>
  );
}

interface TableProps extends Props {
  shown: RowsShown;
  body: RefObject<HTMLTableSectionElement | null>;
  open: ReadonlySet<string>;
  onOpen: (id: string) => void;
}

function Table({ shown, body, open, onOpen, ...props }: TableProps) {
  const { runs, before, whole, total, sort, onSort, chosen, onSelect, current, onCurrent, now, stale, handle } = props;
  const { t } = useTranslation();
  const frame = useRef(0);
  useImperativeHandle(handle, () => ({
    focus: (index) => {
      shown.bring(index);
      const id = runs[index]?.id;
      // Of keys that come faster than frames, the last counts.
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() =>
        body.current?.querySelector<HTMLElement>(`[data-run-id="${id}"] a`)?.focus({ preventScroll: true }),
      );
    },
  }));

  const { rows, above, below } = shown;
  const all = runs.length > 0 && runs.every(({ id }) => chosen.has(id));
  return (
    <table
      className="run-table"
      role="table"
      aria-label={t("nav.runs")}
      aria-rowcount={total + 1}
      aria-busy={stale}
      data-testid="run-table"
    >
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          <th role="columnheader" className="check">
            <label>
              <input
                type="checkbox"
                checked={all}
                disabled={!whole}
                aria-label={t("runs.select_page")}
                ref={(box) => {
                  if (box) box.indeterminate = !all && runs.some(({ id }) => chosen.has(id));
                }}
                onChange={() =>
                  onSelect(
                    runs.map(({ id }) => id),
                    !all,
                  )
                }
              />
              <span className="narrow">{t("runs.select_page")}</span>
            </label>
          </th>
          {COLUMNS.map(({ name, sort: by }) => (
            <Heading key={name} name={name} by={by} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        {above > 0 && <Spacer height={above} />}
        {rows.map(({ index, key }) => {
          const run = runs[index];
          if (!run) return null;
          return (
            <RunRow
              key={key}
              run={run}
              index={index}
              place={before + index + 1}
              selected={chosen.has(run.id)}
              current={run.id === current}
              now={now}
              open={open.has(run.id)}
              measure={shown.measure}
              onSelect={onSelect}
              onCurrent={onCurrent}
              onOpen={onOpen}
            />
          );
        })}
        {below > 0 && <Spacer height={below} />}
      </tbody>
    </table>
  );
}

/** Stands for rows out of view. */
const Spacer = ({ height }: { height: number }) => (
  <tr role="presentation" className="spacer" style={{ height }} aria-hidden>
    <td role="presentation" />
  </tr>
);

interface HeadingProps {
  name: string;
  by: SortKey | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

function Heading({ name, by, sort, onSort }: HeadingProps) {
  const { t } = useTranslation();
  // The last column has nothing but a button in it.
  const text = name === "more" ? <span className="sr-only">{t("runs.more.title")}</span> : t(`jobs.${name}`);
  if (!by) {
    return (
      <th role="columnheader" className={name}>
        {text}
      </th>
    );
  }
  const order = sort === by ? "ascending" : sort === `-${by}` ? "descending" : undefined;
  return (
    <th role="columnheader" className={name} aria-sort={order ?? "none"}>
      <button type="button" className="ghost" data-testid={`sort-${by}`} onClick={() => onSort(nextSort(by, sort))}>
        {text}
        {order === "ascending" && <ArrowUp size={13} aria-hidden />}
        {order === "descending" && <ArrowDown size={13} aria-hidden />}
      </button>
    </th>
  );
}
