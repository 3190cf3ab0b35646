import { Mail, MessageSquare, Rss } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Pager } from "../../layout/pager";
import { Empty, Failure, Loading } from "../../layout/states";
import { LastUpdatedIndicator } from "../../live/last-updated-indicator";
import { split } from "./evidence";
import { type Message, usePortfolioMessages } from "./product-data";

const ICONS = { mail: Mail, slack: MessageSquare, feed: Rss };
const TYPING_PAUSE_MS = 250;

export function Messages({ projectId }: { projectId: string | undefined }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  const [page, setPage] = useState(1);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => setPage(1), [projectId, search]);
  const messages = usePortfolioMessages(projectId, search, page);
  return (
    <section className="panel">
      <header>
        <h2>{t("tower.messages")}</h2>
        <LastUpdatedIndicator of={messages} />
      </header>
      <input
        type="search"
        placeholder={t("tower.search")}
        aria-label={t("tower.search")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {messages.error && <Failure error={messages.error} retry={() => void messages.refresh()} />}
      {messages.loading && <Loading rows={4} />}
      {messages.data?.items.length === 0 && <Empty>{t("tower.no_messages")}</Empty>}
      <ul className="messages">
        {messages.data?.items.map((message) => <Item key={message.id} message={message} />)}
      </ul>
      {messages.data && (
        <Pager page={page} perPage={messages.data.per_page} total={messages.data.total} onPage={setPage} />
      )}
    </section>
  );
}

function Item({ message }: { message: Message }) {
  const { t, i18n } = useTranslation();
  const Icon = ICONS[message.source_kind];
  const when = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent" });
  return (
    <li data-testid="message-item">
      <div className="meta muted">
        <Icon size={14} aria-label={message.source_kind} />
        <b>{message.author}</b>
        <span>{message.subject}</span>
        <time dateTime={message.sent_at} className="num">
          {when.format(new Date(message.sent_at))}
        </time>
        {message.similarity !== null && (
          <span className="pill num">{t("tower.match", { percent: percent.format(message.similarity) })}</span>
        )}
      </div>
      <p className="body">
        {split(message.body, message.signals).map((part, at) =>
          part.kind ? (
            <mark key={at} title={t(`tower.signal.${part.kind}`, { defaultValue: part.kind })}>
              {part.text}
            </mark>
          ) : (
            part.text
          ),
        )}
      </p>
    </li>
  );
}
