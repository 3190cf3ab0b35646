import { useQuery } from "@tanstack/react-query";
import { Tag, X } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { get } from "../../../api/client";
import type { TagList } from "../../../api/types";
import { useProjectScope } from "../../../layout/project-scope";
import { MOST_TAGS } from "../filters";
import "./tags.css";

interface Props {
  tags: string[];
  onChange: (tags: string[]) => void;
}

/** Runs by their tags: those that there are come up as one types. */
export function TagFilter({ tags, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const { projectId } = useProjectScope();
  const [typed, setTyped] = useState("");
  const [focused, setFocused] = useState(false);
  const known = useQuery({
    queryKey: ["jobs", "runs", "tags", projectId, typed],
    queryFn: () => get<TagList>("/jobs/runs/tags", { project_id: projectId, prefix: typed }),
    enabled: focused,
    placeholderData: (before) => before,
  });
  const offered = (known.data?.tags ?? []).filter((tag) => !tags.includes(tag));
  const add = (tag: string) => {
    const clean = tag.trim();
    if (clean && !tags.includes(clean)) onChange([...tags, clean]);
    setTyped("");
  };
  return (
    <form
      className="tag-filter"
      onSubmit={(event) => {
        event.preventDefault();
        add(typed);
      }}
    >
      <label htmlFor={id} className="field-label">
        {t("runs.tags.label")}
      </label>
      <span className="with-icon">
        <Tag size={14} aria-hidden />
        <input
          id={id}
          list={`${id}-known`}
          autoComplete="off"
          maxLength={64}
          disabled={tags.length >= MOST_TAGS}
          value={typed}
          placeholder={t("runs.tags.hint")}
          data-testid="tag-input"
          onFocus={() => setFocused(true)}
          onChange={({ target, nativeEvent }) => {
            // What is chosen of the list is a whole tag; typed keys come as text that is inserted.
            const chosen = !(nativeEvent as InputEvent).inputType?.startsWith("insertText");
            if (chosen && offered.includes(target.value)) add(target.value);
            else setTyped(target.value);
          }}
        />
      </span>
      <datalist id={`${id}-known`}>
        {offered.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </form>
  );
}

/** The tags that are looked for, each of which can be removed. */
export function ChosenTags({ tags, onChange }: Props) {
  const { t } = useTranslation();
  return tags.map((tag) => (
    <span className="trace-chip" key={tag} data-testid="chosen-tag">
      <Tag size={13} aria-hidden /> {tag}
      <button
        type="button"
        className="ghost icon"
        aria-label={t("runs.tags.remove", { tag })}
        onClick={() => onChange(tags.filter((other) => other !== tag))}
      >
        <X size={13} aria-hidden />
      </button>
    </span>
  ));
}
