import { X } from "lucide-react";
import { useTranslation } from "#i18n";

import type { Action, View } from "../../api/types";
import { Modal } from "../../layout/modal";
import { Cell } from "./cell";
import type { Column } from "./columns";
import { isEmpty } from "./empty";
import { NestedValue } from "./nested-value";
import { RowActions } from "./row-actions";
import type { Row } from "./view-data";

interface Props {
  view: View;
  /** All that are told, also those that the table has no room for. */
  columns: Column[];
  row: Row;
  title: string;
  onDone: (action: Action) => void;
  onFault: (fault: Error) => void;
  onClose: () => void;
}

/** All that a row holds, at the side of the page, and what may be done with it. */
export function RowDetails({ view, columns, row, title, onDone, onFault, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal label={title} className="drawer" onClose={onClose}>
      <header className="modal-head">
        <h2>{title}</h2>
        <button type="button" className="ghost icon" aria-label={t("data.close")} onClick={onClose}>
          <X size={16} aria-hidden />
        </button>
      </header>
      <div className="drawer-actions">
        <RowActions
          view={view}
          row={row}
          onDone={(action) => {
            onClose();
            onDone(action);
          }}
          onFault={(fault) => {
            onClose();
            onFault(fault);
          }}
        />
      </div>
      <dl className="row-details" data-testid="row-details">
        {columns.map((column) => {
          const value = row[column.name];
          if (isEmpty(value)) return null;
          return (
            <div key={column.name} data-kind={column.kind}>
              <dt title={column.description}>{column.title}</dt>
              <dd>
                {typeof value === "object" && column.kind !== "list" ? (
                  <NestedValue value={value} />
                ) : (
                  <Cell column={column} value={value} whole />
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </Modal>
  );
}
