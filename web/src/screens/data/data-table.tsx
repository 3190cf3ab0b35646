import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Action, View } from "../../api/types";
import { Cell } from "./cell";
import { type Column, columnsIn, columnsOf } from "./columns";
import { RowActions } from "./row-actions";
import type { Row } from "./view-data";

interface Props {
  view: View;
  rows: Row[];
  sort: string;
  onSort: (sort: string) => void;
  onDone: (action: Action) => void;
  onFault: (fault: Error) => void;
}

export function DataTable({ view, rows, sort, onSort, onDone, onFault }: Props) {
  const { t } = useTranslation();
  const described = columnsOf(view.row_schema);
  const columns = (described.length > 0 ? described : columnsIn(rows)).filter(({ hidden }) => !hidden);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={view.key}>
      <table className="data-table" data-testid="data-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <Head
                key={column.name}
                column={column}
                sortable={view.sortable.includes(column.name)}
                sort={sort}
                onSort={onSort}
              />
            ))}
            {view.actions.length > 0 && (
              <th className="actions">
                <span className="sr-only">{t("data.actions")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at} data-testid="data-row">
              {columns.map((column) => (
                <td key={column.name} data-column={column.name} data-kind={kindOf(column, row)} className="num">
                  <Cell column={column} value={row[column.name]} />
                </td>
              ))}
              {view.actions.length > 0 && (
                <td className="row-actions">
                  <div>
                    <RowActions viewKey={view.key} actions={view.actions} row={row} onDone={onDone} onFault={onFault} />
                  </div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const kindOf = ({ kind, name }: Column, row: Row) =>
  typeof row[name] === "number" && kind === "text" ? "number" : kind;

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
      <th scope="col" title={description} data-kind={kind}>
        {title}
      </th>
    );
  }
  const Icon = order === "ascending" ? ArrowUp : order === "descending" ? ArrowDown : ArrowUpDown;
  // The third click gives the view's own order back.
  const next = order === "none" ? name : order === "ascending" ? `-${name}` : "";
  return (
    <th scope="col" title={description} data-kind={kind} data-column={name} aria-sort={order}>
      <button type="button" className="sort" onClick={() => onSort(next)}>
        {title}
        <Icon size={13} aria-hidden />
      </button>
    </th>
  );
}
