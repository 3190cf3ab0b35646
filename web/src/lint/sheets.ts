/** A selector of a stylesheet, and the class or element that it is for: the first of it. */
interface Subject {
  selector: string;
  first: string;
}

/** Reads the selectors of a stylesheet, also those within `@media`; keyframes have none. */
export function subjects(css: string): Subject[] {
  const plain = css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/@keyframes[^{]+\{(?:[^{}]*\{[^{}]*\})*\s*\}/g, "");
  return [...plain.matchAll(/([^{}]+)\{/g)]
    .map(([, head]) => (head ?? "").split(";").at(-1)?.trim() ?? "")
    .filter((head) => head !== "" && !head.startsWith("@"))
    .flatMap((head) => head.split(/,(?![^(]*\))/))
    .map((selector) => selector.trim())
    .map((selector) => ({ selector, first: /^\[[^\]]+\]|^[.#]?[\w-]+|^./.exec(selector)?.[0] ?? "" }));
}

/**
 * Sheets of screens stay loaded when the screen is left: a selector for elements, or for a class of
 * another folder, changes other screens then, and only for those who came by that way.
 */
export function leaks(sheets: Record<string, string>): string[] {
  const owners = new Map<string, string>();
  const found: string[] = [];
  const folder = (path: string) => path.slice(0, path.lastIndexOf("/"));
  for (const [path, css] of Object.entries(sheets)) {
    for (const { selector, first } of subjects(css)) {
      const screen = path.includes("/screens/");
      if (!first.startsWith(".")) {
        if (screen) found.push(`${path}: ${selector} is for elements of all screens`);
        continue;
      }
      const owner = owners.get(first) ?? folder(path);
      owners.set(first, owner);
      if (screen && owner !== folder(path)) found.push(`${path}: ${selector} begins with a class of ${owner}`);
    }
  }
  return found;
}
