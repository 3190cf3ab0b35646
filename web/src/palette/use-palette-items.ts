import { useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "react-router";
import { useTranslation } from "#i18n";

import { post } from "../api/client";
import type { JobsConfig, Project, RunAnswer } from "../api/types";
import { described } from "../i18n/described";
import { relative } from "../i18n/time";
import { useProjectScope, useScopedNavigate } from "../layout/project-scope";
import { useJobsConfig } from "../live/use-jobs-config";
import { useViews } from "../screens/data/view-data";
import { connectionsOf } from "../screens/edges/join";
import { useJobTypes, useRuns } from "../screens/jobs/jobs-data";
import { places } from "../session/places";
import { mayDo } from "../session/rights";
import { useSession } from "../session/session-store";

export type Group = "screens" | "jobs" | "run" | "projects" | "data" | "recent";

export interface PaletteItem {
  id: string;
  group: Group;
  label: string;
  /** What else is said of it, at the end of the line. */
  hint?: string;
  words?: string;
  /** What it rejects with is shown, and the palette stays. */
  perform: () => void | Promise<void>;
}

const SCREENS = [
  { path: "/", text: "nav.tower" },
  { path: "/graph", text: "nav.graph" },
  { path: "/jobs", text: "nav.jobs" },
  { path: "/runs", text: "nav.runs" },
  { path: "/problems", text: "nav.problems" },
  { path: "/figures", text: "nav.figures" },
  { path: "/figures/workers", text: "nav.workers" },
  { path: "/figures/hooks", text: "nav.hooks" },
  { path: "/data", text: "nav.data" },
];

/** Everything that one can go to, and every job that one can run. */
export function usePaletteItems(): PaletteItem[] {
  const { t, i18n } = useTranslation();
  const navigateScoped = useScopedNavigate();
  const navigate = useNavigate();
  const place = useLocation();
  const { projects, projectId, all, choose } = useProjectScope();
  const session = useSession();
  const types = useJobTypes();
  const config = useJobsConfig();
  const views = useViews();
  const recent = useRuns({ project_id: projectId, state: "", page: 1 });
  const client = useQueryClient();

  const jobs = types.data?.items ?? [];
  const go = (path: string) => () => navigateScoped(path);
  const runIn = projects.filter(({ id }) => (!projectId || id === projectId) && mayDo(session, "editor", id));
  // A job that jobs.toml does not name has nothing to run by.
  const scheduled = jobs.filter(({ name }) => !config.data || isNamed(name, config.data));

  return [
    ...[...SCREENS, ...places(session)].map(({ path, text }) => ({
      id: `screen ${path}`,
      group: "screens" as const,
      label: t(text),
      perform: go(path),
    })),
    ...jobs.map(({ name, description }) => ({
      id: `job ${name}`,
      group: "jobs" as const,
      label: name,
      hint: described(description, t),
      perform: go(`/jobs/${encodeURIComponent(name)}`),
    })),
    ...(recent.data?.items ?? []).slice(0, 12).map((run) => ({
      id: `recent ${run.id}`,
      group: "recent" as const,
      label: `${run.job_type}, ${run.project_slug}`,
      hint: `${t(`jobs.run_states.${run.state}`)} · ${relative(Math.min(0, Date.parse(run.queued_at) - Date.now()), i18n.language)}`,
      words: run.id,
      perform: () => void navigate(`/runs/${run.id}`),
    })),
    ...[...(all ? [{ slug: "", name: t("all_projects") } as Project] : []), ...projects].map(({ slug, name }) => ({
      id: `project ${slug}`,
      group: "projects" as const,
      label: name,
      hint: slug,
      words: t("project"),
      // A page of one run has nothing to scope.
      perform: () => choose(slug, place.pathname.startsWith("/runs/") ? "/runs" : undefined),
    })),
    ...(views.data?.items ?? []).map(({ key, description }) => ({
      id: `data ${key}`,
      group: "data" as const,
      label: key,
      hint: description,
      perform: go(`/data/${encodeURIComponent(key)}`),
    })),
    ...scheduled.flatMap(({ name }) =>
      runIn.map((project) => ({
        id: `run ${name} ${project.id}`,
        group: "run" as const,
        label: t("palette.run", { job: name, project: project.name }),
        words: project.slug,
        perform: async () => {
          const job = encodeURIComponent(name);
          const answer = await post<RunAnswer>(`/jobs/${job}/run`, { project_id: project.id });
          void client.invalidateQueries({ queryKey: ["jobs"] });
          if (answer.run_id) void navigate(`/runs/${answer.run_id}`);
          else navigateScoped(`/jobs/${job}`);
        },
      })),
    ),
  ];
}

function isNamed(job: string, config: Pick<JobsConfig, "jobs" | "CASCADE_CHAINS" | "CASCADE_JOINS">): boolean {
  const chains = connectionsOf(config.CASCADE_CHAINS, config.CASCADE_JOINS);
  return job in config.jobs || job in chains || Object.values(chains).some((downstream) => downstream.includes(job));
}
