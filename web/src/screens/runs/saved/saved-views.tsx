import { Bookmark, Settings2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";
import { lazyPart } from "../../../layout/lazy-part";
import { Link } from "../../../layout/link";
import { useProjectScope } from "../../../layout/project-scope";
import type { RunFilters } from "../written-filters";
import { asWritten, searchOf, useSavedViews } from "./saved-data";
import "./saved-views.css";

const EditViews = lazyPart(() => import("./edit-views"));
const SaveView = lazyPart(() => import("./save-view"));

/** The filters that this account has saved, each a link; what is shown now can be saved too. */
export function SavedViews({ filters }: { filters: RunFilters }) {
  const { t } = useTranslation();
  const { slug } = useProjectScope();
  const { views, reload } = useSavedViews();
  const [open, setOpen] = useState<"save" | "edit">();
  const shown = searchOf(filters, slug);
  const known = views.find(({ search }) => asWritten(search) === shown);
  // Only the project is chosen: that is no view.
  const plain = searchOf(filters, "") === "";
  if (views.length === 0 && plain) return null;
  return (
    <nav className="saved-views" aria-label={t("runs.views.title")} data-testid="saved-views">
      {views.map(({ id, name, search }) => (
        <Link
          key={id}
          to={search ? `/runs?${search}` : "/runs"}
          aria-current={id === known?.id || undefined}
          data-testid="saved-view"
        >
          {name}
        </Link>
      ))}
      {!plain && !known && (
        <button type="button" className="ghost" data-testid="save-view" onClick={() => setOpen("save")}>
          <Bookmark size={14} aria-hidden /> {t("runs.views.save")}
        </button>
      )}
      {views.length > 0 && (
        <button type="button" className="ghost" data-testid="edit-views" onClick={() => setOpen("edit")}>
          <Settings2 size={14} aria-hidden /> {t("runs.views.edit")}
        </button>
      )}
      {open === "save" && <SaveView search={shown} onClose={() => setOpen(undefined)} onSaved={reload} />}
      {open === "edit" && (
        <EditViews
          views={views}
          shown={plain || known ? undefined : shown}
          reload={reload}
          onClose={() => setOpen(undefined)}
        />
      )}
    </nav>
  );
}
