import { ArrowDown, ArrowUp, ArrowUpDown, ChevronRight } from "lucide-react";
import { type MouseEvent, useState } from "react";
import { useTranslation } from "#i18n";

import type { Action, View } from "../../api/types";
import { Cell } from "./cell";
import { type Column, columnsIn, columnsOf, tableColumns } from "./columns";
import { isEmpty } from "./empty";
import { RowActions } from "./row-actions";
import { RowDetails } from "./row-details";
import { titleOf } from "./titles";
import type { Row } from "./view-data";

interface Props {
  view: View;
  rows: Row[];
  sort: string;
  /** All rows are of one project: it need not be named. */
  oneProject: boolean;
  onSort: (sort: string) => void;
  onDone: (action: Action) => void;
  onFault: (fault: Error) => void;
}

/** A view as a table; on a narrow screen each row is a card. A row opens its details. */
export function DataTable({ view, rows, sort, oneProject, onSort, onDone, onFault }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<Row>();
  const described = columnsOf(view.row_schema);
  const all = described.length > 0 ? described : columnsIn(rows);
  const columns = tableColumns(all, rows, { keep: sort.replace(/^-/, ""), oneProject });
  const hasActions = view.actions.length > 0;
  const first = columns[0];
  // What tells one row from another, for those who hear it.
  const named = (row: Row) => {
    const value = columns.find(({ kind, name }) => kind === "text" && row[name])?.name ?? first?.name;
    return String((value && row[value]) ?? titleOf(view.key));
  };
  const open = (row: Row) => (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest("a, button, input, dialog")) setOpened(row);
  };
  return (
    <>
      {view.sortable.length > 0 && <SortChoice columns={all} sortable={view.sortable} sort={sort} onSort={onSort} />}
      <div className="scroll" tabIndex={0} role="region" aria-label={titleOf(view.key)}>
        <table className="data-table stack-table" role="table" data-testid="data-table">
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <Head
                  key={column.name}
                  column={column}
                  sortable={view.sortable.includes(column.name)}
                  sort={sort}
                  onSort={onSort}
                />
              ))}
              <th role="columnheader" className="actions">
                <span className="sr-only">{t("data.actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((row, at) => (
              <tr key={keyOf(row, at)} role="row" data-testid="data-row" onClick={open(row)}>
                {columns.map((column) => (
                  <td
                    key={column.name}
                    role="cell"
                    data-column={column.name}
                    data-kind={kindOf(column, row)}
                    data-label={column.title}
                    data-empty={isEmpty(row[column.name]) || undefined}
                    className="num"
                  >
                    <Cell column={column} value={row[column.name]} />
                  </td>
                ))}
                <td role="cell" className="row-actions">
                  <div>
                    {hasActions && <RowActions view={view} row={row} onDone={onDone} onFault={onFault} />}
                    <button
                      type="button"
                      className="ghost open-row"
                      aria-haspopup="dialog"
                      aria-label={t("data.details_of", { name: named(row) })}
                      data-testid="row-open"
                      onClick={() => setOpened(row)}
                    >
                      <span>{t("data.details")}</span>
                      <ChevronRight size={15} aria-hidden />
                    </button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {opened && (
        <RowDetails
          view={view}
          columns={all.filter(({ hidden }) => !hidden)}
          row={opened}
          title={named(opened)}
          onDone={onDone}
          onFault={onFault}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

const keyOf = (row: Row, at: number) => (typeof row.id === "string" ? `${row.project_id ?? ""}/${row.id}` : at);

const kindOf = ({ kind, name }: Column, row: Row) =>
  typeof row[name] === "number" && kind === "text" ? "number" : kind;

interface SortProps {
  columns: Column[];
  sortable: string[];
  sort: string;
  onSort: (sort: string) => void;
}

/** The order, where there is no heading to click on. */
function SortChoice({ columns, sortable, sort, onSort }: SortProps) {
  const { t } = useTranslation();
  return (
    <label className="data-sort">
      <span className="field-label">{t("runs.sort")}</span>
      <select value={sort} onChange={({ target }) => onSort(target.value)}>
        <option value="">{t("data.own_order")}</option>
        {columns
          .filter(({ name }) => sortable.includes(name))
          .flatMap(({ name, title }) => [
            <option key={name} value={name}>
              {title} ↑
            </option>,
            <option key={`-${name}`} value={`-${name}`}>
              {title} ↓
            </option>,
          ])}
      </select>
    </label>
  );
}

interface HeadProps {
  column: Column;
  sortable: boolean;
  sort: string;
  onSort: (sort: string) => void;
}

function Head({ column: { name, title, description, kind }, sortable, sort, onSort }: HeadProps) {
  const order = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  if (!sortable) {
    return (
      <th scope="col" role="columnheader" title={description} data-kind={kind}>
        {title}
      </th>
    );
  }
  const Icon = order === "ascending" ? ArrowUp : order === "descending" ? ArrowDown : ArrowUpDown;
  // The third click gives the view's own order back.
  const next = order === "none" ? name : order === "ascending" ? `-${name}` : "";
  return (
    <th scope="col" role="columnheader" title={description} data-kind={kind} data-column={name} aria-sort={order}>
      <button type="button" className="sort" onClick={() => onSort(next)}>
        {title}
        <Icon size={13} aria-hidden />
      </button>
    </th>
  );
}
