type Pressed = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey">;

/**
 * What a key press is called in a shortcut: `j`, `?`, `Enter`, `mod+k`; nothing if it cannot be one.
 * A letter of another script goes by its place, so that shortcuts work on a Russian keyboard.
 */
export function keyName(event: Pressed): string | undefined {
  if (event.altKey) return undefined;
  const byPlace = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  const key = event.key.length === 1 && event.key.charCodeAt(0) > 127 && byPlace ? byPlace : event.key;
  if (event.ctrlKey || event.metaKey) return `mod+${key.toLowerCase()}`;
  return key;
}

const EDITABLE = "input, textarea, select, [contenteditable]:not([contenteditable=false])";

/** A key pressed where one types is typed. A checkbox takes no letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  const field = target.closest(EDITABLE);
  return field !== null && !field.matches("input[type=checkbox], input[type=radio]");
}
