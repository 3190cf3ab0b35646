/** Who is signed in, as the host tells it. */

import { ApiError, get, post, put, remove } from "../api/client";
import type { Role, Session } from "../api/types";

/** Each may do all that the one before it may. */
export const ROLES: readonly Role[] = ["viewer", "editor", "owner"];

/** Nobody signs in. */
export const OPEN: Session = { sign_in: false, oidc: false, user: null };

/** The provider's page, by way of the host: a place to go to, not a request. */
export const OIDC = "/api/session/oidc";

export async function readSession(): Promise<Session> {
  try {
    return await get<Session>("/session");
  } catch (error) {
    // A host of before there were users.
    if (error instanceof ApiError && error.status === 404) return OPEN;
    throw error;
  }
}

export const signIn = (name: string, password: string) => post<Session>("/session", { name, password });
export const signInByLink = (link: string) => post<Session>("/session/link", { link });
export const signOut = () => remove("/session");
export const signOutEverywhere = () => remove("/session/all");
export const setActiveProject = (project_id: string | null) => put<void>("/session/project", { project_id });
export const setPassword = (next: string, current: string | undefined, keepTokens: boolean) =>
  put<void>("/session/password", { new: next, keep_tokens: keepTokens, ...(current !== undefined && { current }) });
