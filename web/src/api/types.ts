/** What the host answers, by names: aliases of the types made from the OpenAPI document. `npm run api` makes them. */

import type { components } from "./schema";

type Schemas = components["schemas"];

/** The host sends every field of an answer: what has no value is null, and never left out. */
type Whole<T> = T extends (infer Item)[] ? Whole<Item>[] : T extends object ? { [Key in keyof T]-?: Whole<T[Key]> } : T;

type Answer<Name extends keyof Schemas> = Whole<Schemas[Name]>;

export type AuditEntry = Answer<"AuditEntry">;
export type AuditPage = Answer<"AuditPage">;

export type Project = Pick<Answer<"ProjectRow">, "id" | "slug" | "name">;
export type Projects = Answer<"Projects">;

export type RunState = Schemas["RunState"];
/** Some kinds leave fields out. */
export type Trigger = Schemas["Trigger"];
export type Run = Omit<Answer<"Run">, "triggered_by"> & { triggered_by: Trigger };
/** `runs` is how many runs the edge made; absent where it made its job due, or made none. */
export type Decision = Answer<"Decision">;
/** What an English sentence says, for other languages. */
export type Told = Answer<"Told">;
/** A run by its id; what it gave out is any JSON. */
export type RunDetails = Run & {
  output: unknown;
  /** When it may begin, or its next attempt: for one that waits for a time. */
  next_attempt_at: string | null;
  failed_attempts: Answer<"FailedAttempt">[];
  decisions: Decision[];
  /** The run that it is once more, and those that are this one once more. */
  rerun_of: string | null;
  reruns: string[];
  /** What it uses while it runs, measured in the last minute. */
  process: RunProcess | null;
};
export type RunProcess = Answer<"RunProcess">;
export type TagList = Answer<"TagList">;
export type RunPage = Omit<Answer<"RunPage">, "items"> & { items: Run[] };
/** Runs by state over time. */
export type Histogram = Answer<"Histogram">;
export type HistogramPoint = Answer<"HistogramPoint">;
/** Filters that an account has saved under a name. */
export type SavedViews = Answer<"SavedViews">;
export type SavedView = Answer<"SavedView">;
/** The params of its job that were in force when a run began. */
export type RunParams = Omit<Answer<"RunParams">, "params"> & { params: unknown };
export type LogLine = Answer<"RunLogRow">;
export type RunLogs = Answer<"RunLogs">;
/** The queue of a job in a project. */
export type JobQueue = Omit<Answer<"Queue">, "parts"> & {
  parts: (Omit<Answer<"QueueGroup">, "items"> & { items: Run[] })[];
};
export type RunAnswer = Answer<"RunAnswer">;
export type BulkAnswer = Answer<"BulkAnswer">;

/** How many runs stand how. */
type StateCounts = Answer<"StateCounts">;
/** Many runs of one job that one run caused. */
export type RunGroup = Answer<"RunGroup">;
/** A page of the runs that one run caused. */
export type Children = Omit<Answer<"Children">, "items"> & { items: Run[] };
/**
 * All runs that one trigger caused, root first; `truncated` if there are more. Asked for in groups, it has these, how
 * many runs of the trace stand how, and how many are neither shown nor in a group that is.
 */
export type Cascade = Pick<Schemas["CascadeTree"], "truncated"> & {
  root: string;
  items: { run: Run; parent: string | null }[];
  groups?: RunGroup[];
  states?: StateCounts;
  hidden?: number;
  /** Those that bring runs of it together. */
  joins: TraceJoin[];
};
export type TraceJoin = Answer<"TraceJoin">;

/** What an action on a cascade or on a run that is over would touch. */
export type CancelPreview = Answer<"CancelPreview">;
export type DonePreview = Answer<"DonePreview">;
export type RerunPreview = Answer<"RerunPreview">;

/** Why something is so, and what would change it. */
export type Reason = Answer<"Reason">;
export type WhyRun = Answer<"WhyRun">;
export type WhyJob = Answer<"WhyJob">;

export type Attention = Answer<"Attention">;
export type Problem = Answer<"Problem">;
export type Problems = Answer<"Problems">;

export type Stats = Answer<"Stats">;
export type StatPoint = Answer<"StatPoint">;
export type StatRow = Answer<"StatRow">;
export type Worker = Answer<"Worker">;
export type Workers = Answer<"Workers">;

export type Hook = Answer<"HookSummary">;
export type Hooks = Answer<"Hooks">;
export type Delivery = Answer<"Delivery">;
export type DeliveryPage = Answer<"DeliveryPage">;
export type WholeDelivery = Answer<"WholeDelivery">;
export type HookReplay = Answer<"ReplayAnswer">;

export type EndedRun = Answer<"EndedRun">;
export type JobTrend = Answer<"Trend">;
export type Trends = Answer<"Trends">;

export type ScheduledJob = Omit<Answer<"Scheduled">, "current_run" | "last_run"> & {
  current_run: Run | null;
  last_run: Run | null;
};
export type Schedule = Omit<Answer<"Schedule">, "items"> & { items: ScheduledJob[] };

export type JobSummary = Answer<"JobSummary">;
export type JobSummaries = Answer<"JobSummaries">;
export type ManyAnswer = Answer<"ManyAnswer">;
/** Runs for an action on all of them. */
export type MatchedRuns = { [Key in keyof Schemas["MatchedRuns"]]?: Schemas["MatchedRuns"][Key] | undefined };
export type MatchCount = Answer<"MatchCount">;
export type MatchProgress = Answer<"MatchProgress">;

export type JobType = Answer<"JobType">;
export type JobTypes = Answer<"JobTypes">;
/** An edge or a join without a condition has no `when`. */
export type JobsConfig = Omit<Answer<"JobsConfig">, "edges" | "CASCADE_JOINS"> &
  Pick<Schemas["JobsConfig"], "edges" | "CASCADE_JOINS">;

/** What an edge would lead to with the latest real output of its job. */
export type EdgePreview = Answer<"PreviewAnswer">;

/** What another jobs.toml would have made of the last days. */
export type Rehearsal = Answer<"RehearseAnswer">;

export type Action = Answer<"Action">;
export type View = Answer<"View">;
export type Views = Answer<"Views">;
/** A page of a view's rows; the view's own schema says what they are. */
export type Page<Row> = Omit<Answer<"DataPage">, "items"> & { items: Row[] };

export type OnDisk = Answer<"FileText">;
export type Version = Pick<OnDisk, "revision" | "text">;
/** Where nothing is to blame, its end is left out. */
export type Diagnostic = Schemas["Diagnostic"];
/** With an error it holds nothing but the diagnostics. */
export type Checked = Schemas["CheckAnswer"];
export type Edit = Schemas["Edit"];
export type Edited = Answer<"EditAnswer">;
export type SavedText = Answer<"SaveAnswer">;
export type HistoryItem = Answer<"ConfigVersion">;
export type HistoryPage = Answer<"ConfigHistory">;
export type HistoryText = Answer<"ConfigVersionText">;
export type Completions = Answer<"Completions">;

export type Role = Schemas["Role"];
export type Session = Answer<"Session">;
export type SessionUser = Answer<"SessionUser">;
export type ApiToken = Answer<"ApiToken">;
export type Tokens = Answer<"Tokens">;
export type NewToken = Schemas["TokenRequest"];
export type TokenAnswer = Answer<"TokenAnswer">;

export type Person = Answer<"User">;
export type Member = Answer<"Member">;
export type People = Answer<"Users">;
export type PersonAnswer = Answer<"UserAnswer">;

/** The data of `job_completed`, which the event stream sends. */
export interface JobCompleted {
  job_type: string;
  project_id: string;
  status: "ok" | "failed";
  at: string;
}
