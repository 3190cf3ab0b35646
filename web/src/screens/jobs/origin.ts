export interface Origin {
  plugin: string;
  kind: "compiled_in" | "library" | "executable";
  location: string;
}

const KINDS: Record<string, Origin["kind"]> = {
  "compiled in": "compiled_in",
  library: "library",
  executable: "executable",
};

/** `plugin version (how it came: place)` in its parts; nothing if the host says it otherwise. */
export function originOf(text: string): Origin | undefined {
  const [, plugin, how, location] = /^(\S+) .*? ?\(([a-z ]+): (.*)\)$/s.exec(text) ?? [];
  const kind = how && KINDS[how];
  return plugin && kind && location !== undefined ? { plugin, kind, location } : undefined;
}
