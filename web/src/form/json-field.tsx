import type { FieldProps } from "@rjsf/utils";
import { useState } from "react";
import { useTranslation } from "#i18n";

import { isObject } from "../schema/json-schema";
import { UNPARSED } from "./prepare";

const INDENT = 2;

/** A value of any shape, typed as JSON. */
export function JsonField({ fieldPathId, formData, onChange, disabled, schema }: FieldProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => written(formData));
  const type = (next: string) => {
    setText(next);
    onChange(read(next), fieldPathId.path);
  };
  return (
    <textarea
      id={fieldPathId.$id}
      className="json"
      rows={Math.min(12, Math.max(3, text.split("\n").length))}
      spellCheck={false}
      disabled={disabled}
      aria-label={fieldPathId.path.length === 0 ? t("form.json") : undefined}
      aria-describedby={schema.description ? `${fieldPathId.$id}__description` : undefined}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}

function written(value: unknown): string {
  if (value === undefined) return "";
  if (isObject(value) && typeof value[UNPARSED] === "string") return value[UNPARSED];
  return JSON.stringify(value, null, INDENT);
}

function read(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return { [UNPARSED]: text };
  }
}
