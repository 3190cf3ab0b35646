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

/** What of these sections only parts show that are opened later. */
const LATER = new Set([
  ...["jobs.origins", "jobs.accepted", "jobs.many", "jobs.many_ask", "jobs.many_done"],
  ...["runs.levels", "runs.tabs", "runs.params", "keys.title", "keys.then", "keys.search_log", "keys.follow"],
  ...["keys.single", "keys.single_why", "graph.close", "graph.latest", "graph.to_job", "graph.show_around"],
  ...["runs.views.lead", "runs.views.name", "runs.views.confirm", "runs.views.none", "runs.views.rename"],
  ...["runs.views.up", "runs.views.down", "runs.views.copy", "runs.views.delete", "runs.views.replace"],
]);

/** Either part of a language's file; what `isIn` says counts for all below, unless a set names that. */
export function partOf(texts: Texts, part: Part, within = "", isIn: Part = "rest"): Texts {
  const kept = Object.entries(texts).flatMap(([key, value]) => {
    const path = `${within}${key}`;
    const its = LATER.has(path) ? "rest" : FIRST.has(path) ? "first" : isIn;
    if (typeof value === "string") return its === part ? [[key, value]] : [];
    const inner = partOf(value, part, `${path}.`, its);
    return Object.keys(inner).length > 0 ? [[key, inner]] : [];
  });
  return Object.fromEntries(kept) as Texts;
}
