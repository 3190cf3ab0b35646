import { englishStringTranslator, TranslatableString } from "@rjsf/utils";

import type { Translate } from "./faults";

const KEYS: Partial<Record<TranslatableString, string>> = {
  [TranslatableString.YesLabel]: "yes",
  [TranslatableString.NoLabel]: "no",
  [TranslatableString.AddButton]: "add",
  [TranslatableString.RemoveButton]: "remove",
  [TranslatableString.MoveUpButton]: "up",
  [TranslatableString.MoveDownButton]: "down",
  [TranslatableString.KeyLabel]: "key",
  [TranslatableString.NewStringDefault]: "new_value",
  [TranslatableString.OptionPrefix]: "option",
  [TranslatableString.TitleOptionPrefix]: "option_of",
  [TranslatableString.OptionalObjectAdd]: "add_optional",
  [TranslatableString.OptionalObjectRemove]: "remove_optional",
  [TranslatableString.DeprecatedLabel]: "deprecated",
  [TranslatableString.ExpandButton]: "expand",
  [TranslatableString.CycleDetected]: "cycle",
};

/** RJSF's own words in the reader's language. */
export function translated(t: Translate, words: TranslatableString, params: string[] = []): string {
  const key = KEYS[words];
  return key ? t(`form.${key}`, { a: params[0], b: params[1] }) : englishStringTranslator(words, params);
}
