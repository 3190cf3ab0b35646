import { Columns2, Rows2 } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import "./diff.css";
import { type Line, type Row, rows, summary } from "./lines";

interface Props {
  before: string;
  after: string;
  /** What the two sides are called. */
  names: [string, string];
}

/** Two texts and what differs, below one another or side by side. */
export function DiffView({ before, after, names }: Props) {
  const { t } = useTranslation();
  const [beside, setBeside] = useState(() => matchMedia("(min-width: 1100px)").matches);
  const all = useMemo(() => rows(before, after), [before, after]);
  const { added, removed } = useMemo(() => summary(before, after), [before, after]);
  if (before === after) return <p className="empty">{t("config.diff.equal")}</p>;
  return (
    <div className="diff" data-testid="diff">
      <div className="diff-head">
        <span>
          {names[0]} → {names[1]}
        </span>
        <Counts added={added} removed={removed} />
        <button type="button" className="ghost" onClick={() => setBeside(!beside)}>
          {beside ? <Rows2 size={15} aria-hidden /> : <Columns2 size={15} aria-hidden />}
          {t(beside ? "config.diff.unified" : "config.diff.beside")}
        </button>
      </div>
      <div
        className="diff-lines"
        tabIndex={0}
        role="region"
        aria-label={t("config.diff.label", { before: names[0], after: names[1] })}
      >
        <table data-beside={beside || undefined}>
          <colgroup>
            {beside
              ? [NUMBER(0), <col key={1} />, NUMBER(2), <col key={3} />]
              : [NUMBER(0), NUMBER(1), <col key={2} />]}
          </colgroup>
          <tbody>
            {all.map((row, at) => (beside ? <Beside key={at} row={row} /> : <Unified key={at} row={row} />))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

const NUMBER = (key: number) => <col key={key} className="diff-number" />;

export function Counts({ added, removed }: { added: number; removed: number }) {
  const { t } = useTranslation();
  return (
    <span className="counts num" aria-label={t("config.diff.counts", { added, removed })} role="img">
      <b data-kind="added">+{added}</b> <b data-kind="removed">−{removed}</b>
    </span>
  );
}

function Beside({ row }: { row: Row }) {
  if (row.kind === "gap") return <Gap lines={row.lines} columns={4} />;
  const kind = (line: Line | undefined, changed: "added" | "removed") =>
    row.kind === "same" ? undefined : line ? changed : "none";
  return (
    <tr>
      <Cells line={row.left} kind={kind(row.left, "removed")} />
      <Cells line={row.right} kind={kind(row.right, "added")} />
    </tr>
  );
}

function Unified({ row }: { row: Row }) {
  if (row.kind === "gap") return <Gap lines={row.lines} columns={3} />;
  if (row.kind === "same") {
    return (
      <tr>
        <th scope="row">{row.left.at}</th>
        <Cells line={row.right} kind={undefined} />
      </tr>
    );
  }
  return (
    <>
      {row.left && (
        <tr>
          <th scope="row" data-kind="removed">
            {row.left.at}
          </th>
          <th data-kind="removed" aria-hidden />
          <Text line={row.left} kind="removed" />
        </tr>
      )}
      {row.right && (
        <tr>
          <th data-kind="added" aria-hidden />
          <Cells line={row.right} kind="added" />
        </tr>
      )}
    </>
  );
}

function Cells({ line, kind }: { line: Line | undefined; kind: string | undefined }) {
  return (
    <>
      <th scope={line && "row"} data-kind={kind}>
        {line?.at}
      </th>
      <Text line={line} kind={kind} />
    </>
  );
}

function Text({ line, kind }: { line: Line | undefined; kind: string | undefined }) {
  const { t } = useTranslation();
  const said = kind === "added" || kind === "removed";
  return (
    <td data-kind={kind}>
      {said && <span className="sr-only">{t(`config.diff.${kind}`)} </span>}
      <code>
        {line?.parts.map(({ text, changed }, at) =>
          changed ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
        )}
      </code>
    </td>
  );
}

function Gap({ lines, columns }: { lines: number; columns: number }) {
  const { t } = useTranslation();
  return (
    <tr className="diff-gap">
      <td colSpan={columns}>{t("config.diff.gap", { count: lines })}</td>
    </tr>
  );
}
