//! Plain data of Cascade: runs, triggers, events, the catalog of job types, the plugins that jobs.toml
//! names. No I/O, no database, no HTTP.

pub mod border;
mod buckets;
mod cascade_tree;
mod config_version;
mod decision;
mod event;
mod explanation;
mod hook;
mod job_queue;
mod job_summary;
mod join;
mod json_path;
mod kept_time;
mod key_from;
mod log_slice;
pub mod metric;
mod outcome;
mod payload;
mod plugin_sources;
mod problem;
mod process;
mod program;
mod project;
mod registry;
mod request;
mod revision;
mod run;
mod run_log;
mod scheduled;
mod stats;
pub mod tag;
mod trace_group;
mod trend;
mod visible;
mod worker;

pub use buckets::{ERROR_OF_PERCENTILES, Times, bucket, middle};
pub use cascade_tree::{CascadeRun, CascadeTree};
pub use config_version::{
    ConfigHistory, ConfigOrigin, ConfigText, ConfigVersion, ConfigVersionText,
};
pub use decision::{Debounce, Decision, Decisions, EdgeRun, Follow, On};
pub use event::{Done, Event, EventStatus, JobCompleted};
pub use explanation::Explanation;
pub use hook::{Delivered, Delivery, HookCount, HookOutcome, NewDelivery, WholeDelivery};
pub use job_queue::{JobQueue, QueuePart};
pub use job_summary::{JobCounts, LastEnd, recent_states};
pub use join::{
    By, JoinFire, JoinKey, JoinMakes, JoinOutcome, JoinPart, JoinRow, JoinRule, JoinState, Joining,
    Late, Needs,
};
pub use json_path::JsonStep;
pub use kept_time::{NOT_KEPT, is_kept};
pub use key_from::{LONGEST_KEY, key_of_args};
pub use log_slice::log_slice;
pub use outcome::{CancelRequest, Completed, Failed, Fault, KeepFor, Pruned, Renewal, Success};
pub use payload::{Debounced, MOST_TRACES, Payload, TriggerNote};
pub use plugin_sources::{
    LibraryState, Loading, PluginFault, PluginLoader, PluginSources, Source, Stamp,
};
pub use problem::{Attention, Failure, Problem, ProblemPlace, ProblemState};
pub use process::{NewRunProcess, ProcessState, ProcessUse, RunProcess};
pub use program::{Limits, Program, RowsView};
pub use project::ProjectRow;
pub use registry::{LONGEST, MOST_ATTEMPTS, MOST_RUNS, MOST_RUNS_OF_KEY, Registry, RegistryError};
pub use request::{
    Begins, Enqueue, Enqueued, HIGHEST_PRIORITY, KEY_OF_SCHEDULE, OnDuplicate, RunEdit, RunRequest,
};
pub use revision::revision;
pub use run::{ClaimedRun, FailedAttempt, HeldLease, Lease, Run, RunKind, RunPage, RunState};
pub use run_log::RunLogRow;
pub use scheduled::{Pause, QueueDepth, RunNow, ScheduledJob, ScheduledStatus};
pub use stats::{
    Figures, MOST_CELLS, StatFilter, StatGroup, StatKey, StatKind, StatPart, StatWorker, Tally,
};
pub use trace_group::{LEAST_OF_GROUP, StateCounts, TraceGroup, TraceOverview};
pub use trend::{EndedRun, Trend, grouped};
pub use visible::Visible;
pub use worker::{Load, Presence, Worker, WorkerRuns};
