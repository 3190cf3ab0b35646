import type { Session } from "../api/types";
import { isAdmin } from "./rights";

/**
 * The project that a page looks at, by its slug; "" for all. What the address names goes first, then
 * what the session looks at; who may not see all looks at their first project.
 */
export function scopeOf(session: Session, named: string | null): string {
  const all = isAdmin(session);
  const own = session.user?.projects ?? [];
  // An administrator's address may name a project that came after the session was read.
  if (named && (all || own.some(({ slug }) => slug === named))) return named;
  const active = own.find(({ id }) => id === session.user?.active_project);
  return active?.slug ?? (all ? "" : (own[0]?.slug ?? ""));
}
