import { useState } from "react";
import { useTranslation } from "#i18n";
import type { HistoryItem } from "../../../api/types";
import { fullTimeOf } from "../../../i18n/time";
import { Pager } from "../../../layout/pager";
import { Empty, Failure, Loading } from "../../../layout/states";
import { CONFIG_KEY } from "../../../live/use-jobs-config";
import { usePolledQuery } from "../../../live/use-polled-query";
import { readHistory, readRevision } from "../config-api";
import { DiffView } from "../diff/diff-view";
import { drafts } from "../draft/draft-store";
import type { TabProps } from "../tabs";

const HISTORY_MS = 30_000;

/** Every text that came into force, and the way back to it. */
export default function HistoryTab({ configuration, onReview }: TabProps) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const [chosen, setChosen] = useState<string>();
  const history = usePolledQuery([...CONFIG_KEY, "history", page], () => readHistory(page), HISTORY_MS);
  const now = configuration.disk.data?.revision;
  return (
    <section className="panel" data-testid="history">
      <h2>{t("config.tabs.history")}</h2>
      {history.error && <Failure error={history.error} retry={() => void history.refresh()} />}
      {history.loading && <Loading rows={3} />}
      {history.data?.items.length === 0 && <Empty>{t("config.history.none")}</Empty>}
      <ol className="history">
        {history.data?.items.map((item) => {
          const open = chosen === item.at;
          return (
            <li key={item.at}>
              <Entry
                item={item}
                now={item.revision === now}
                open={open}
                onToggle={() => setChosen(open ? undefined : item.at)}
              />
              {open && <Against item={item} configuration={configuration} onReview={onReview} />}
            </li>
          );
        })}
      </ol>
      {history.data && (
        <Pager page={page} perPage={history.data.per_page} total={history.data.total} onPage={setPage} />
      )}
    </section>
  );
}

interface EntryProps {
  item: HistoryItem;
  /** Whether the file has this text now. */
  now: boolean;
  open: boolean;
  onToggle: () => void;
}

function Entry({ item, now, open, onToggle }: EntryProps) {
  const { t, i18n } = useTranslation();
  const at = fullTimeOf(i18n.language).format(new Date(item.at));
  return (
    <button
      type="button"
      className="history-item"
      aria-expanded={open}
      onClick={onToggle}
      data-testid="history-item"
      data-revision={item.revision}
    >
      <span className="num">{at}</span>
      <span>{item.comment || <span className="muted">{t(`config.history.${item.origin}`)}</span>}</span>
      <span className="muted">
        {[item.by, item.comment && t(`config.history.${item.origin}`)].filter(Boolean).join(" · ")}
      </span>
      {now && (
        <span className="pill" data-tone="good">
          {t("config.history.now")}
        </span>
      )}
      <code className="muted">{item.revision.slice(0, 8)}</code>
    </button>
  );
}

function Against({
  item,
  configuration,
  onReview,
}: { item: HistoryItem } & Pick<TabProps, "configuration" | "onReview">) {
  const { t, i18n } = useTranslation();
  const version = usePolledQuery(
    [...CONFIG_KEY, "revision", item.revision],
    () => readRevision(item.revision),
    HISTORY_MS * 10,
  );
  if (version.error) return <Failure error={version.error} retry={() => void version.refresh()} />;
  if (!version.data) return <Loading rows={2} />;
  const { text } = version.data;
  const now = configuration.disk.data?.text ?? "";
  const at = new Intl.DateTimeFormat(i18n.language, { dateStyle: "short", timeStyle: "short" }).format(
    new Date(item.at),
  );
  const restore = () => {
    drafts.replace(text);
    onReview(t("config.history.comment", { at }));
  };
  return (
    <div className="history-diff">
      <DiffView before={now} after={text} names={[t("config.on_disk"), at]} />
      {text !== configuration.text && (
        <button type="button" disabled={configuration.readOnly} onClick={restore} data-testid="restore">
          {t("config.history.restore")}
        </button>
      )}
    </div>
  );
}
