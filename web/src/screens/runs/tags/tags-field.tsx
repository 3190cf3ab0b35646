import { useQuery } from "@tanstack/react-query";
import { Tag, X } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { get } from "../../../api/client";
import type { TagList } from "../../../api/types";
import { MOST_TAGS } from "../filters";
import "./tags.css";

interface Props {
  tags: string[];
  projectId: string | undefined;
  onChange: (tags: string[]) => void;
}

/** The tags that a run is given: each is a chip once Enter is pressed or the field is left. */
export function TagsField({ tags, projectId, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [focused, setFocused] = useState(false);
  const known = useQuery({
    queryKey: ["jobs", "runs", "tags", projectId, typed],
    queryFn: () => get<TagList>("/jobs/runs/tags", { project_id: projectId, prefix: typed }),
    enabled: focused,
    placeholderData: (before) => before,
  });
  const add = () => {
    const clean = typed.trim();
    if (clean && !tags.includes(clean)) onChange([...tags, clean]);
    setTyped("");
  };
  return (
    <div className="tags-field">
      <label htmlFor={id}>{t("runs.tags.label")}</label>
      {tags.map((tag) => (
        <span className="trace-chip" key={tag} data-testid="given-tag">
          <Tag size={13} aria-hidden /> {tag}
          <button
            type="button"
            className="ghost icon"
            aria-label={t("runs.tags.take_off", { tag })}
            onClick={() => onChange(tags.filter((other) => other !== tag))}
          >
            <X size={13} aria-hidden />
          </button>
        </span>
      ))}
      <input
        id={id}
        list={`${id}-known`}
        autoComplete="off"
        maxLength={64}
        disabled={tags.length >= MOST_TAGS}
        value={typed}
        placeholder={t("runs.tags.hint")}
        data-testid="tags-field"
        onFocus={() => setFocused(true)}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={add}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || typed.trim() === "") return;
          // It ends the word, and not the form that the field stands in.
          event.preventDefault();
          add();
        }}
      />
      <datalist id={`${id}-known`}>
        {known.data?.tags
          .filter((tag) => !tags.includes(tag))
          .map((tag) => (
            <option key={tag} value={tag} />
          ))}
      </datalist>
    </div>
  );
}
