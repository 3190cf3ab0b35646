import { CircleDot, Mail, MessageSquare, Rss } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "#i18n";
import { numberOf, timeOf } from "../../i18n/time";

import { hits, split } from "./evidence";
import type { Message } from "./product-data";
import { reveal } from "./show-messages";

const ICONS = { mail: Mail, slack: MessageSquare, issue: CircleDot, feed: Rss };

interface Props {
  message: Message;
  /** What was searched for. */
  search: string;
  /** Named if several projects are shown. */
  project?: string;
  isNew: boolean;
  /** Somebody followed a link to it. */
  wanted: boolean;
}

export function MessageItem({ message, search, project, isNew, wanted }: Props) {
  const { t, i18n } = useTranslation();
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (wanted && item.current) reveal(item.current, "center");
  }, [wanted]);
  const Icon = ICONS[message.source_kind];
  const when = timeOf(i18n.language);
  const percent = numberOf(i18n.language, "auto", 0, "percent");
  const signal = (kind: string) => t(`tower.signal.${kind}`, { defaultValue: kind });
  const kinds = [...new Set(message.signals.map(({ kind }) => kind))];
  return (
    <li
      ref={item}
      data-id={message.id}
      data-testid="message-item"
      data-wanted={wanted}
      tabIndex={wanted ? -1 : undefined}
    >
      <div className="meta muted">
        <Icon size={14} aria-hidden />
        <span className="sr-only">{t(`tower.source.${message.source_kind}`)}</span>
        <b>{message.author}</b>
        {message.url ? (
          <a href={message.url} target="_blank" rel="noreferrer">
            {message.subject}
          </a>
        ) : (
          <span>{message.subject}</span>
        )}
        {project && <span className="of">{project}</span>}
        <time dateTime={message.sent_at} className="num">
          {when.format(new Date(message.sent_at))}
        </time>
        {isNew && <span className="pill new-pill">{t("tower.new")}</span>}
        {message.similarity !== null && (
          <span className="pill num">{t("tower.match", { percent: percent.format(message.similarity) })}</span>
        )}
      </div>
      <p className="body">
        {split(message.body, message.signals).map((part, at) => {
          const words = hits(part.text, search).map(({ text, hit }, at) => (hit ? <b key={at}>{text}</b> : text));
          if (!part.kind) return <span key={at}>{words}</span>;
          return (
            <mark key={at} data-kind={part.kind} title={signal(part.kind)}>
              {words}
            </mark>
          );
        })}
      </p>
      {kinds.length > 0 && (
        <p className="kinds">
          {kinds.map((kind) => (
            <span key={kind} className="kind" data-kind={kind}>
              {signal(kind)}
            </span>
          ))}
        </p>
      )}
    </li>
  );
}
