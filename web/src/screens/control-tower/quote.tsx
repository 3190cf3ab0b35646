import { useTranslation } from "#i18n";
import { dayOf } from "../../i18n/time";
import { Link } from "../../layout/link";
import { useAddress } from "../../layout/use-address";

interface Props {
  messageId: string;
  text: string;
  author?: string;
  at: string;
}

/** Evidence, with a link that finds its message and those of like meaning. */
export function Quote({ messageId, text, author, at }: Props) {
  const { t, i18n } = useTranslation();
  const { search } = useAddress();
  const day = dayOf(i18n.language);
  const to = new URLSearchParams(search);
  to.set("q", text);
  to.set("message", messageId);
  for (const other of ["signal", "source", "page"]) to.delete(other);
  return (
    <Link className="quote" to={`?${to}`} title={t("tower.to_message")} data-testid="evidence-link">
      <q>{text}</q>{" "}
      <span className="muted num">
        {author && `${author}, `}
        {day.format(new Date(at))}
      </span>
    </Link>
  );
}
