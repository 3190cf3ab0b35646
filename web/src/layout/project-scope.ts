import { useSearchParams } from "react-router";

import { get } from "../api/client";
import type { Project } from "../api/types";
import { type Polled, usePolledQuery } from "../live/use-polled-query";

/** The list of projects; stable, so polled once a minute. */
export function useProjectPortfolio(): Polled<{ items: Project[] }> {
  return usePolledQuery(["projects"], () => get<{ items: Project[] }>("/projects"), 60_000);
}

/** The active project, kept in the address as `?project=slug`; `undefined` for all. */
export function useProjectScope() {
  const [search, setSearch] = useSearchParams();
  const projects = useProjectPortfolio();
  const slug = search.get("project") ?? "";
  const active = projects.data?.items.find((project) => project.slug === slug);
  const choose = (next: string) =>
    setSearch((before) => {
      if (next) before.set("project", next);
      else before.delete("project");
      // Another project has other pages.
      before.delete("page");
      return before;
    });
  return { projects: projects.data?.items ?? [], slug, projectId: active?.id, choose };
}

/** A link within the active project. */
export function useScopedPath(): (path: string) => string {
  const [search] = useSearchParams();
  const slug = search.get("project");
  return (path) => (slug ? `${path}?project=${encodeURIComponent(slug)}` : path);
}
