import type { QueryClient } from "@tanstack/react-query";
import type { ComponentType } from "react";
import type { FirstScreen } from "./i18n/parts";

interface Screen {
  default: ComponentType;
  /** Takes what it shows first to who sees all projects, so that it is there when the screen is drawn. */
  ask?: (client: QueryClient) => Promise<unknown>;
}

/** A screen and its address, in the words of the router. */
export interface Place {
  path: string;
  load: () => Promise<Screen>;
  adminOnly?: boolean;
  /** What it shows first to who sees all projects, where its address has no query. */
  first?: string[];
  /** Which part of the texts it has to have, if that is not all. */
  texts?: FirstScreen;
}

export const PLACES: Place[] = [
  {
    path: "/",
    load: () => import("./screens/control-tower/control-tower"),
    texts: "control-tower",
    first: ["/data/portfolio?per_page=200"],
  },
  {
    path: "/jobs",
    load: () => import("./screens/jobs/jobs"),
    texts: "jobs",
    first: ["/jobs/summary?sort=name&page=1&per_page=100"],
  },
  { path: "/jobs/:job_type", load: () => import("./screens/jobs/job-page") },
  {
    path: "/graph",
    load: () => import("./screens/graph/graph-screen"),
    texts: "graph-screen",
    first: ["/jobs/summary?page=1&per_page=200", "/jobs/config"],
  },
  {
    path: "/runs",
    load: () => import("./screens/runs/runs-screen"),
    texts: "runs-screen",
    first: ["/jobs/runs?sort=-queued_at&page=1&per_page=50"],
  },
  { path: "/runs/:id", load: () => import("./screens/runs/run-page") },
  {
    path: "/problems",
    load: () => import("./screens/problems/problems"),
    texts: "problems",
    first: ["/problems?state=open"],
  },
  { path: "/figures", load: () => import("./screens/figures/figures") },
  { path: "/figures/workers", load: () => import("./screens/workers/workers") },
  { path: "/figures/hooks", load: () => import("./screens/hooks/hooks") },
  { path: "/data/:key?", load: () => import("./screens/data/data-page") },
  { path: "/config/:tab?", load: () => import("./screens/config/config"), adminOnly: true },
  { path: "/audit", load: () => import("./screens/audit/audit") },
  { path: "/people", load: () => import("./screens/people/people"), adminOnly: true },
];

/**
 * Which of them an address leads to. The browser matches, as boot.ts runs before the router has come; where it cannot, the
 * router asks for the screen.
 */
export const placeOf = (pathname: string): Place | undefined =>
  "URLPattern" in globalThis
    ? PLACES.find(({ path }) => new URLPattern({ pathname: path }).test({ pathname }))
    : undefined;
