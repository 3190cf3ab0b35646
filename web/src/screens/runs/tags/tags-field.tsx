import { useId } from "react";
import { useTranslation } from "#i18n";

import { TagChips, TagInput } from "./tag-input";

interface Props {
  tags: string[];
  projectId: string | undefined;
  onChange: (tags: string[]) => void;
}

/** The tags that a run is given. */
export function TagsField({ tags, projectId, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="tags-field">
      <label htmlFor={id}>{t("runs.tags.label")}</label>
      <TagChips tags={tags} onChange={onChange} removal={(tag) => t("runs.tags.take_off", { tag })} />
      <TagInput id={id} tags={tags} projectId={projectId} onChange={onChange} addsOnLeave />
    </div>
  );
}
