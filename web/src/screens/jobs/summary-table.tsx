import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "#i18n";

import type { JobSummary } from "../../api/types";
import { Rows, type RowsShown } from "../../layout/rows";
import { SummaryRow } from "./summary-row";

const ROW_PX = 53;
Rows.preload().catch(() => {});

interface Props {
  total: number;
  /** Of a row whose page has not come yet there is nothing. */
  at: (index: number) => JobSummary | undefined;
  /** Rows of one state or plugin stand under its name. */
  groupBy: "state" | "plugin" | undefined;
  chosen: ReadonlySet<string>;
  onSelect: (jobs: string[], on?: boolean) => void;
  /** Which rows are in view, and so have to be there. */
  onSeen: (rows: { begin: number; end: number }) => void;
}

/** One row a job, of which only those in view are in the document, and are asked for. */
export function SummaryTable(props: Props) {
  const { total, at } = props;
  const body = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set());
  const toggle = (job: string) =>
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(job)) after.add(job);
      return after;
    });
  return (
    <Rows count={total} rowPx={ROW_PX} body={body} keyOf={(index) => at(index)?.job_type ?? index}>
      {(shown) => <Table {...props} shown={shown} body={body} open={open} onOpen={toggle} />}
    </Rows>
  );
}

interface TableProps extends Props {
  shown: RowsShown;
  body: RefObject<HTMLDivElement | null>;
  open: ReadonlySet<string>;
  onOpen: (job: string) => void;
}

function Table({ total, at, groupBy, chosen, onSelect, onSeen, shown, body, open, onOpen }: TableProps) {
  const { t } = useTranslation();
  const { rows } = shown;
  const begin = rows[0]?.index ?? 0;
  const end = rows.at(-1)?.index ?? 0;
  const seen = useRef(onSeen);
  useEffect(() => {
    seen.current = onSeen;
  });
  useEffect(() => seen.current({ begin, end }), [begin, end]);
  const here = rows.flatMap(({ index }) => at(index)?.job_type ?? []);
  const all = here.length > 0 && here.every((job) => chosen.has(job));
  const groupOf = (index: number) => {
    const job = index < 0 ? undefined : at(index);
    return (
      job && groupBy && (groupBy === "state" ? t(`jobs.stands.${job.state}`) : (job.plugin ?? t("jobs.not_loaded")))
    );
  };
  return (
    <div
      className="summary-table"
      role="table"
      aria-label={t("nav.jobs")}
      aria-rowcount={total + 1}
      data-testid="summary-table"
    >
      <div role="rowgroup" className="summary-head">
        <div role="row" aria-rowindex={1} className="summary-row">
          <div role="columnheader" className="check">
            <input
              type="checkbox"
              checked={all}
              aria-label={t("jobs.select_shown")}
              onChange={() => onSelect(here, !all)}
            />
          </div>
          {["job", "state", "projects", "next", "last", "trend"].map((column) => (
            <div key={column} role="columnheader" className={column}>
              {t(`jobs.${column}`)}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={body} className="summary-body" style={{ height: shown.total }}>
        <div role="presentation" style={{ transform: `translateY(${shown.above}px)` }}>
          {rows.map(({ index, key }) => {
            const job = at(index);
            const group = groupOf(index);
            return (
              <div
                key={key}
                ref={shown.measure}
                data-index={index}
                role="presentation"
                className="summary-item"
                data-open={(job && open.has(job.job_type)) || undefined}
              >
                {group !== undefined && group !== groupOf(index - 1) && (
                  <div role="row" className="summary-group">
                    <div role="cell">{group}</div>
                  </div>
                )}
                {job ? (
                  <SummaryRow
                    job={job}
                    place={index + 2}
                    open={open.has(job.job_type)}
                    onOpen={onOpen}
                    selected={chosen.has(job.job_type)}
                    onSelect={onSelect}
                  />
                ) : (
                  <div role="row" aria-rowindex={index + 2} className="summary-row waits" aria-busy="true">
                    <div role="cell" className="skeleton" />
                  </div>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
