import { useNavigate } from "react-router";

import { get } from "../api/client";
import type { Project, Projects } from "../api/types";
import { type Polled, usePolledQuery } from "../live/use-polled-query";
import { isAdmin } from "../session/rights";
import { scopeOf } from "../session/scope";
import { sessions, useSession } from "../session/session-store";
import { useAddress } from "./use-address";

/** The list of projects; stable, so polled once a minute. */
export function useProjectPortfolio(): Polled<Projects> {
  return usePolledQuery(["projects"], () => get<Projects>("/projects"), 60_000);
}

/**
 * The active project, kept in the address as `?project=slug` and by the session; `undefined` for all,
 * which only administrators see.
 */
export function useProjectScope() {
  const { search, set } = useAddress();
  const navigate = useNavigate();
  const session = useSession();
  const listed = useProjectPortfolio().data?.items;
  const projects: Project[] = listed ?? session.user?.projects ?? NONE;
  const slug = scopeOf(session, search.get("project"));
  const active = projects.find((project) => project.slug === slug);
  const go = (next: string, path?: string) => {
    if (path) return void navigate(within(next, path));
    // Another project has other pages. All pages of the UI are within the project, so also one that was opened meanwhile.
    set({ project: next, page: "" }, { onAnyPage: true });
  };
  /** Looks at another project, on another page if `path` says so. */
  const choose = (next: string, path?: string) => {
    if (!session.sign_in) return go(next, path);
    const told = sessions.lookAt(projects.find((project) => project.slug === next)?.id ?? null).catch(() => {});
    // An address without a project shows what the session looks at: that must be all by then.
    if (next) go(next, path);
    else void told.then(() => go(next, path));
  };
  return { projects, slug, projectId: active?.id, all: isAdmin(session), choose };
}

const NONE: Project[] = [];

/** A link within the active project. */
export function useScopedPath(): (path: string) => string {
  const slug = useAddress().search.get("project");
  return (path) => within(slug, path);
}

/** Goes to a page within the active project, as the address names it at that moment and not at the last render. */
export function useScopedNavigate(): (path: string, values?: Record<string, string>) => void {
  const navigate = useNavigate();
  return (path, values) => {
    const slug = new URLSearchParams(window.location.search).get("project");
    void navigate(within(slug, path, values));
  };
}

function within(slug: string | null, path: string, values?: Record<string, string>): string {
  const search = new URLSearchParams({ ...(slug && { project: slug }), ...values }).toString();
  return search ? `${path}?${search}` : path;
}
