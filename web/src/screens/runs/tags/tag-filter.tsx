import { Tag } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "#i18n";

import { useProjectScope } from "../../../layout/project-scope";
import { TagChips, TagInput } from "./tag-input";

interface Props {
  tags: string[];
  onChange: (tags: string[]) => void;
}

/** Runs by their tags. */
export function TagFilter({ tags, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const { projectId } = useProjectScope();
  return (
    <div className="tag-filter">
      <label htmlFor={id} className="field-label">
        {t("runs.tags.label")}
      </label>
      <span className="with-icon">
        <Tag size={14} aria-hidden />
        <TagInput id={id} tags={tags} projectId={projectId} onChange={onChange} />
      </span>
    </div>
  );
}

/** The tags that are looked for. */
export function ChosenTags({ tags, onChange }: Props) {
  const { t } = useTranslation();
  return <TagChips tags={tags} onChange={onChange} removal={(tag) => t("runs.tags.remove", { tag })} />;
}
