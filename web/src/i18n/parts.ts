/** The texts come in two parts: those of the screens that are looked at first, and the rest. */
export type Part = "first" | "rest";

export interface Texts {
  [key: string]: string | Texts;
}

/** What the frame of all screens and the first screens show before anything is opened: sections, or a part of one. */
const FIRST = new Set([
  ...["nav", "project", "all_projects", "language", "theme", "keys", "palette.title", "connection", "bus"],
  ...["error", "retry", "refresh", "updated", "find", "none_found", "page", "config_rejected", "data.close"],
  ...["session.menu", "session.needs", "session.admin_only", "config.nav", "config.unsaved"],
  ...["tower", "jobs", "graph", "problems", "runs", "figures.tabs"],
  // What is written on a connection of the graph.
  ...["edges.on", "edges.if", "edges.each", "edges.with", "edges.with_none", "edges.by", "edges.later"],
  ...["edges.debounced", "edges.at_most", "joins.mark", "joins.legend", "joins.short", "joins.once", "joins.once_they"],
]);

/** Either part of a language's file. */
export function partOf(texts: Texts, part: Part, within = ""): Texts {
  const kept = Object.entries(texts).flatMap(([key, value]) => {
    const path = `${within}${key}`;
    if (FIRST.has(path)) return part === "first" ? [[key, value]] : [];
    if (typeof value === "string") return part === "rest" ? [[key, value]] : [];
    const inner = partOf(value, part, `${path}.`);
    return Object.keys(inner).length > 0 ? [[key, inner]] : [];
  });
  return Object.fromEntries(kept) as Texts;
}
