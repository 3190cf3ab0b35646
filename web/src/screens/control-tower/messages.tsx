import { Search, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "#i18n";

import type { Project } from "../../api/types";
import { Pager } from "../../layout/pager";
import { Empty, Failure, Loading } from "../../layout/states";
import { useTyped } from "../../layout/use-typed";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { MessageItem } from "./message-item";
import { SIGNALS, SOURCES, usePortfolioMessages } from "./product-data";
import { isSince, type Seen } from "./seen";
import { useGlide } from "./use-glide";
import { useMessageQuery } from "./use-message-query";

interface Props {
  projectId: string | undefined;
  projects: Project[];
  seen: Record<string, Seen>;
  /** How many signals there are, as the cards know it. */
  signals: number | undefined;
}

export function Messages({ projectId, projects, seen, signals }: Props) {
  const { t } = useTranslation();
  const { query, wanted, change, clear } = useMessageQuery();
  const messages = usePortfolioMessages(projectId, query);
  // Signals are found after a message has come, by a job that refreshes the cards alone.
  const known = useRef(signals);
  const { refresh } = messages;
  useEffect(() => {
    if (known.current !== undefined && known.current !== signals) void refresh();
    known.current = signals;
  }, [signals, refresh]);
  const list = useRef<HTMLUListElement>(null);
  useGlide(list);
  const narrowed = query.search !== "" || query.signal !== "" || query.source_kind !== "";
  const name = (id: string) => (projectId ? undefined : projects.find((project) => project.id === id)?.name);
  return (
    <section className="panel messages-panel" aria-labelledby="messages-title">
      <header>
        <h2 id="messages-title" tabIndex={-1}>
          {t("tower.messages")}
        </h2>
        <LastUpdatedIndicator of={messages} />
      </header>
      <div className="find" role="search">
        <SearchBox value={query.search} onSearch={(q) => change({ q })} />
        <select
          aria-label={t("tower.any_signal")}
          value={query.signal}
          onChange={(event) => change({ signal: event.target.value })}
        >
          <option value="">{t("tower.any_signal")}</option>
          {SIGNALS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`tower.signal.${kind}`)}
            </option>
          ))}
        </select>
        <select
          aria-label={t("tower.any_source")}
          value={query.source_kind}
          onChange={(event) => change({ source: event.target.value })}
        >
          <option value="">{t("tower.any_source")}</option>
          {SOURCES.map((kind) => (
            <option key={kind} value={kind}>
              {t(`tower.source.${kind}`)}
            </option>
          ))}
        </select>
      </div>
      <p className="found muted num" role="status">
        {messages.data && t(query.search ? "tower.found" : "tower.count", { count: messages.data.total })}
        {narrowed && (
          <button type="button" className="ghost" onClick={clear}>
            <X size={14} aria-hidden />
            {t("tower.clear")}
          </button>
        )}
      </p>
      {messages.error && <Failure error={messages.error} retry={() => void messages.refresh()} />}
      {messages.loading && <Loading rows={6} />}
      {messages.data?.items.length === 0 && (
        <Empty>{t(narrowed ? "tower.no_messages" : "tower.no_messages_yet")}</Empty>
      )}
      <ul className="messages" ref={list}>
        {messages.data?.items.map((message) => (
          <MessageItem
            key={message.id}
            message={message}
            search={query.search}
            project={name(message.project_id)}
            isNew={isSince(message.sent_at, seen[message.project_id]?.last_message_at)}
            wanted={message.id === wanted}
          />
        ))}
      </ul>
      {messages.data && (
        <Pager
          page={query.page}
          perPage={messages.data.per_page}
          total={messages.data.total}
          onPage={(page) => change({ page: page > 1 ? String(page) : "" })}
        />
      )}
    </section>
  );
}

/** Searches when somebody stops typing; follows the address when a link changes it. */
function SearchBox({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useTyped(value, (text) => onSearch(text.trim()));
  return (
    <label className="search-box">
      <Search size={16} aria-hidden />
      <input
        type="search"
        placeholder={t("tower.search")}
        aria-label={t("tower.search")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </label>
  );
}
