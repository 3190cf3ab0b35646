import { useQuery } from "@tanstack/react-query";
import { Tag, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { get } from "../../../api/client";
import type { TagList } from "../../../api/types";
import { MOST_TAGS } from "../filters";
import "./tags.css";

interface TagInputProps {
  /** Of the field, for its label. */
  id: string;
  tags: string[];
  projectId: string | undefined;
  onChange: (tags: string[]) => void;
  /** What is typed when the field is left is a tag too. */
  addsOnLeave?: boolean;
}

/** A field for one more tag: those that there are come up as one types, Enter or a choice among them adds one. */
export function TagInput({ id, tags, projectId, onChange, addsOnLeave = false }: TagInputProps) {
  const { t } = useTranslation();
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
    <>
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
        onBlur={() => {
          if (addsOnLeave) add(typed);
        }}
        onChange={({ target, nativeEvent }) => {
          // What is chosen of the list is a whole tag; typed keys come as text that is inserted.
          const chosen = !(nativeEvent as InputEvent).inputType?.startsWith("insertText");
          if (chosen && offered.includes(target.value)) add(target.value);
          else setTyped(target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || typed.trim() === "") return;
          // It ends the word, and not a form that the field stands in.
          event.preventDefault();
          add(typed);
        }}
      />
      <datalist id={`${id}-known`}>
        {offered.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </>
  );
}

interface TagChipsProps {
  tags: string[];
  onChange: (tags: string[]) => void;
  /** What the button of a tag does. */
  removal: (tag: string) => string;
}

/** Tags, each of which can be removed. */
export function TagChips({ tags, onChange, removal }: TagChipsProps) {
  return tags.map((tag) => (
    <span className="trace-chip" key={tag} data-testid="tag-chip">
      <Tag size={13} aria-hidden /> {tag}
      <button
        type="button"
        className="ghost icon"
        aria-label={removal(tag)}
        onClick={() => onChange(tags.filter((other) => other !== tag))}
      >
        <X size={13} aria-hidden />
      </button>
    </span>
  ));
}
