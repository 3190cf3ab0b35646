import type { Session } from "../api/types";
import { isAdmin, mayDo } from "./rights";

/** The screens that not everybody has; nothing to sign in by, nobody to manage. */
export function places(session: Session): { path: string; text: string }[] {
  const configuration = isAdmin(session) ? [{ path: "/config", text: "config.nav" }] : [];
  return [...configuration, ...accountPlaces(session)];
}

export function accountPlaces(session: Session): { path: string; text: string }[] {
  if (!session.sign_in) return [];
  return [
    ...(mayDo(session, "owner") ? [{ path: "/audit", text: "audit.title" }] : []),
    ...(isAdmin(session) ? [{ path: "/people", text: "people.title" }] : []),
  ];
}
