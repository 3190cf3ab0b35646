import { useTranslation } from "#i18n";

interface Props {
  page: number;
  perPage: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pager({ page, perPage, total, onPage }: Props) {
  const { t } = useTranslation();
  if (total <= perPage) return null;
  const from = (page - 1) * perPage + 1;
  const to = Math.min(page * perPage, total);
  return (
    <div className="pager" role="group" aria-label={t("page.label")}>
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        {t("page.previous")}
      </button>
      <span className="muted num" data-total={total}>
        {t("page.of", { from, to, total })}
      </span>
      <button type="button" disabled={to >= total} onClick={() => onPage(page + 1)}>
        {t("page.next")}
      </button>
    </div>
  );
}
