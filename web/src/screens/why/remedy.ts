import type { Reason } from "../../api/types";

/** What a reason is about. */
export interface Place {
  job: string;
  project_id: string;
}

/** What changes that something does not run: done here, or found elsewhere. */
export type Remedy =
  | { kind: "act"; action: "resume" | "run" | "retry"; label: Label; job: string; run?: string }
  | { kind: "go"; to: string; label: Label; admin?: boolean };

type Label =
  | "resume"
  | "run"
  | "run_upstream"
  | "retry"
  | "open_run"
  | "open_edge"
  | "open_job"
  | "open_file"
  | "workers";

const inConfig = (label: Label, to: string): Remedy => ({ kind: "go", to, label, admin: true });

/** The smallest change for a reason, and where to look; nothing where nothing is to be changed. */
export function remediesOf(reason: Reason, { job }: Place): Remedy[] {
  const settings = inConfig("open_job", `/config/jobs?job=${encodeURIComponent(job)}`);
  const upstream = reason.upstream ?? "";
  const toRun: Remedy[] = reason.run_id ? [{ kind: "go", to: `/runs/${reason.run_id}`, label: "open_run" }] : [];
  switch (reason.code) {
    case "paused":
      return [{ kind: "act", action: "resume", label: "resume", job }];
    case "disabled":
    case "not_scheduled":
    case "no_trigger":
    case "job_limit":
    case "key_rate":
      return [settings];
    case "project_limit":
    case "shared_limit":
    case "rate":
    case "no_plugin":
      return [inConfig("open_file", "/config/file")];
    case "preferred_workers":
    case "no_free_worker":
    case "labels":
      return [{ kind: "go", to: "/workers", label: "workers", admin: true }];
    case "edge_not_taken": {
      const edge = new URLSearchParams({ from: upstream, to: job });
      return [inConfig("open_edge", `/config/cascades?${edge}`), ...toRun];
    }
    case "upstream_never_ran":
      return upstream ? [{ kind: "act", action: "run", label: "run_upstream", job: upstream }] : [];
    case "upstream_did_not_succeed":
    case "upstream_cancelled":
      return reason.run_id
        ? [{ kind: "act", action: "retry", label: "retry", job: upstream, run: reason.run_id }, ...toRun]
        : [];
    case "not_due":
    case "debounced":
      return [{ kind: "act", action: "run", label: "run", job }];
    default:
      return toRun;
  }
}
