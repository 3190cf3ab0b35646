//! What is asked seldom, and no run waits for: one SQL text for both databases, over the sdk's portable SQL.
//!
//! Values go in and come out as JSON, so a time has milliseconds here, whatever the database keeps.
//! A page and its total, or the parts of one list, are read in one snapshot.

mod attempts;
mod config_history;
mod decisions;
mod histogram;
mod hooks;
mod job_queue;
mod job_summary;
mod joins;
mod keyed_jobs;
mod logs;
mod marks;
mod outputs;
mod past;
mod pauses;
mod problems;
mod processes;
mod prune;
mod queue;
mod requests;
mod reruns;
mod row;
mod run;
mod runs;
mod scheduled;
mod shared_limits;
mod stats;
mod tags;
mod text;
mod trace;
mod trace_cancel;
mod why;
mod workers;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use async_trait::async_trait;
use cascade_model::{
    Attention, ConfigHistory, ConfigText, ConfigVersionText, Decisions, Delivery, FailedAttempt,
    Figures, HookCount, JobCounts, JobQueue, JoinKey, JoinRow, KeepFor, LastEnd, NewRunProcess,
    Presence, Problem, ProblemState, ProjectRow, Pruned, QueueDepth, Run, RunLogRow, RunPage,
    RunProcess, ScheduledJob, StatFilter, StatGroup, StatPart, StatWorker, TraceOverview, Trend,
    Visible, WholeDelivery, Worker,
};
use cascade_sdk::{Db, Page, Row, Statement, decode_row, host::Database};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    DeliveryFilter, LogPage, LogPlace, Result, RunFilter, ScheduleFilter, Store, StoreError,
};
pub use decisions::decided;
pub use histogram::RunHistogram;
#[cfg(test)]
pub(crate) use histogram::query as histogram_query;
pub use hooks::{delivery_again, keep_delivery};
pub(crate) use joins::join_state;
pub use joins::{forget_join, of_trace, save_join};
pub use keyed_jobs::{KeyValue, KeyedJob};
pub use marks::{marked_done, problem_of_run_handled};
pub use past::{AttemptTimes, DueSchedule};
pub use pauses::{pause_over, paused};
pub use problems::ProblemMark;
pub use requests::{
    EarlierRequest, IdempotencyKey, ScheduleFacts, SchedulesByJob, change_key, change_request,
    edit_request, keep_key, move_waiting, step_back,
};
pub use reruns::rerun_noted;
#[cfg(test)]
pub(crate) use runs::page_query;
pub use shared_limits::NamedLimit;
pub use tags::{tag_added, tags_forgotten, tags_kept};
use text::Text;
pub use trace_cancel::{TraceActivity, Triggered};
pub use why::RunWaits;

/// What people and programs ask of any [`Store`]. What they may see is limited to a [`Visible`] set of
/// projects by the queries themselves.
///
/// # Errors
/// All of them: [`StoreError::Query`].
#[async_trait]
pub trait Queries: Store {
    /// The id of this database: random, made once by a migration, and copied with the data.
    async fn installation(&self) -> Result<String> {
        queue::installation(&*self.database()).await
    }

    /// Projects, by slug.
    async fn projects(&self, visible: &Visible) -> Result<Vec<ProjectRow>> {
        scheduled::projects(&*self.database(), visible).await
    }

    /// Scheduled jobs with their current and last runs, by project and job type.
    async fn scheduled(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduledJob>> {
        scheduled::scheduled(&*self.database(), filter).await
    }

    /// How many scheduled jobs fit, whatever the page.
    async fn count_scheduled(&self, filter: &ScheduleFilter) -> Result<u64> {
        scheduled::count(&*self.database(), filter).await
    }

    /// How each scheduled job stands over all projects that may be seen, by job type.
    async fn job_counts(&self, visible: &Visible) -> Result<Vec<JobCounts>> {
        self.refresh_last_ends().await?;
        job_summary::counts(&*self.database(), visible).await
    }

    /// How each of these jobs ended last in each project, the latest end first.
    async fn last_ends(&self, visible: &Visible, jobs: Vec<String>) -> Result<Vec<LastEnd>> {
        self.refresh_last_ends().await?;
        job_summary::last_ends(&*self.database(), visible, jobs).await
    }

    /// The latest `most` ended runs of each scheduled job.
    async fn trends(&self, visible: &Visible, most: u32) -> Result<Vec<Trend>> {
        scheduled::trends(&*self.database(), visible, most).await
    }

    /// A page of the runs that fit.
    async fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        runs::page(&*self.database(), filter).await
    }

    /// The ids of the runs that fit, whatever the page and the order: the first queued first, at most `most`.
    async fn run_ids(&self, filter: &RunFilter, most: u32) -> Result<Vec<Uuid>> {
        runs::ids(&*self.database(), filter, most).await
    }

    /// How many runs fit, whatever the page; counted no further than `most`.
    async fn count_runs_up_to(&self, filter: &RunFilter, most: u32) -> Result<u32> {
        runs::count_up_to(&*self.database(), filter, most).await
    }

    /// Tags of runs that begin with `prefix`, in their order, at most `most`: those of jobs are not among them.
    async fn tags(&self, visible: &Visible, prefix: &str, most: u32) -> Result<Vec<String>> {
        tags::beginning_with(&*self.database(), visible, prefix, most).await
    }

    /// The runs of a trace in a project, the first queued first; at most `limit`.
    async fn trace(&self, trace: Uuid, project: Uuid, limit: u32) -> Result<Vec<Run>> {
        runs::trace(&*self.database(), trace, project, limit).await
    }

    /// The newest `most` runs that fit, counted by state over the time at which they were queued.
    async fn run_histogram(
        &self,
        filter: &RunFilter,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<RunHistogram> {
        histogram::histogram(&*self.database(), filter, now, most).await
    }

    /// A trace in a project, with runs of one parent and job in groups where they are many: at most `limit` of
    /// those that are in none.
    async fn trace_overview(
        &self,
        trace: Uuid,
        project: Uuid,
        limit: u32,
    ) -> Result<TraceOverview> {
        trace::overview(&*self.database(), trace, project, limit).await
    }

    /// The runs that fit, the first queued first, behind the run `after`; at most `limit`.
    async fn runs_in_order(
        &self,
        filter: &RunFilter,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Run>> {
        trace::in_order(&*self.database(), filter, after, limit).await
    }

    /// The latest run of a job in a trace, which may belong to that beside its own.
    async fn latest_in_trace(&self, trace: Uuid, project: Uuid, job: &str) -> Result<Option<Run>> {
        trace::latest_of_job(&*self.database(), trace, project, job).await
    }

    /// What may still begin of a trace in a project, at one moment.
    async fn trace_activity(&self, trace: Uuid, project: Uuid) -> Result<TraceActivity> {
        trace_cancel::activity(&*self.database(), trace, project).await
    }

    /// The schedules of a project that runs have triggered and whose runs are not made yet, by job type.
    async fn triggered(&self, project: Uuid) -> Result<Vec<Triggered>> {
        trace_cancel::triggered(&*self.database(), project).await
    }

    /// The traces of runs; those that were removed are not there.
    async fn traces_of(&self, runs: Vec<Uuid>) -> Result<HashMap<Uuid, Uuid>> {
        trace_cancel::traces_of(&*self.database(), runs).await
    }

    /// The project of a trace; `None` where no run of it is kept.
    async fn project_of_trace(&self, trace: Uuid) -> Result<Option<Uuid>> {
        trace_cancel::project(&*self.database(), trace).await
    }

    /// The runs that were asked for as `run` once more, the latest first.
    async fn reruns(&self, run: Uuid) -> Result<Vec<Uuid>> {
        reruns::of(&*self.database(), run).await
    }

    /// One run.
    async fn run(&self, visible: &Visible, id: Uuid) -> Result<Option<Run>> {
        run::run(&*self.database(), visible, id).await
    }

    /// The attempts of a run that failed, the first of them first.
    async fn failed_attempts(&self, run: Uuid) -> Result<Vec<FailedAttempt>> {
        attempts::of(&*self.database(), run).await
    }

    /// Keeps what runs of a worker use, and forgets what it measured of others a minute ago or earlier.
    async fn save_processes(&self, worker: &str, all: &[NewRunProcess]) -> Result<()> {
        processes::save(&*self.database(), worker, all).await
    }

    /// What a run uses in this attempt; `None` where nothing was measured in the last minute.
    async fn run_process(&self, run: Uuid, attempt: u32) -> Result<Option<RunProcess>> {
        processes::of(&*self.database(), run, attempt).await
    }

    /// What these runs gave out, as JSON text; those that gave out nothing are not there.
    async fn outputs(&self, runs: &[Uuid]) -> Result<HashMap<Uuid, String>> {
        outputs::of(&*self.database(), runs).await
    }

    /// Ids of the runs that were queued before `at` and had not ended then, which ended since or have not; at most
    /// `most` of each kind and part.
    async fn runs_under_way(&self, at: DateTime<Utc>, most: u32) -> Result<Vec<Uuid>> {
        past::under_way(&*self.database(), at, most).await
    }

    /// The runs of these ids, in no order.
    async fn runs_of_ids(&self, ids: &[Uuid]) -> Result<Vec<Run>> {
        past::runs(&*self.database(), ids).await
    }

    /// When the failed attempts of these runs began and ended, the first of them first.
    async fn attempt_times(&self, ids: &[Uuid]) -> Result<AttemptTimes> {
        past::attempt_times(&*self.database(), ids).await
    }

    /// As [`Queries::decisions`] for many runs.
    async fn decisions_of(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Decisions>> {
        past::decisions(&*self.database(), ids).await
    }

    /// When every schedule is due.
    async fn due_schedules(&self) -> Result<Vec<DueSchedule>> {
        past::due(&*self.database()).await
    }

    /// The unfinished runs of a job in a project: how many stand how, and the first `most` of each part.
    async fn job_queue(&self, job: &str, project: Uuid, most: u32) -> Result<Vec<JobQueue>> {
        job_queue::queue(&*self.database(), job, project, most).await
    }

    /// What enqueueing asks of the schedules of `jobs` in `projects`.
    async fn schedule_facts(&self, jobs: Vec<String>, projects: &[Uuid]) -> Result<SchedulesByJob> {
        requests::schedule_facts(&*self.database(), jobs, projects).await
    }

    /// What a request with this idempotency key made before.
    async fn earlier_request(&self, key: &IdempotencyKey) -> Result<Option<EarlierRequest>> {
        requests::earlier_request(&*self.database(), key).await
    }

    /// Makes the limits that jobs share what `limits` says; `false` if they were that before.
    async fn save_shared_limits(&self, limits: &[NamedLimit]) -> Result<bool> {
        shared_limits::save(&*self.database(), limits).await
    }

    /// Makes what there is to know of the keys of jobs what `jobs` says; `false` if it was that before.
    async fn save_keyed_jobs(&self, jobs: &[KeyedJob]) -> Result<bool> {
        keyed_jobs::save(&*self.database(), jobs).await
    }

    /// A run that waits behind others of its key, of keys that have a free place: up to `limit` where several runs of
    /// them go at a time, and as many of which one does.
    async fn keys_with_room(&self, limit: u32) -> Result<Vec<Uuid>> {
        keyed_jobs::with_room(&*self.database(), limit).await
    }

    /// Lets up to `limit` runs begin that are held by another rate than that of their key; how many there were.
    async fn release_held(&self, limit: u32) -> Result<u64> {
        keyed_jobs::release_held(&*self.database(), limit).await
    }

    /// What a run waits for; `None` if there is no such run.
    async fn run_waits(&self, run: Uuid) -> Result<Option<RunWaits>> {
        why::run_waits(&*self.database(), run).await
    }

    /// How far these joins of one project have come; those that nothing is known of are not there.
    async fn joins(&self, keys: &[JoinKey]) -> Result<Vec<JoinRow>> {
        joins::of_keys(&*self.database(), keys).await
    }

    /// How far the joins of a trace in a project have come, by job.
    async fn joins_of_trace(&self, trace: Uuid, project: Uuid) -> Result<Vec<JoinRow>> {
        joins::in_trace(&*self.database(), trace, project).await
    }

    /// How far the join that triggers `job` has come in the latest trace that it regards.
    async fn latest_join(&self, job: &str, project: Uuid) -> Result<Option<JoinRow>> {
        joins::latest(&*self.database(), job, project).await
    }

    /// Up to `limit` joins whose time is over, the first of them first.
    async fn late_joins(&self, limit: u32) -> Result<Vec<JoinRow>> {
        joins::late(&*self.database(), limit).await
    }

    /// When the time of the next join is over, and the database's clock.
    async fn next_late_join(&self) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        joins::next_late(&*self.database()).await
    }

    /// Up to `limit` jobs with their projects whose pause is over, the first of them first.
    async fn pauses_over(&self, limit: u32) -> Result<Vec<(String, Uuid)>> {
        pauses::over(&*self.database(), limit).await
    }

    /// When the next pause is over, and the database's clock.
    async fn next_end_of_pause(&self) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        pauses::next_end(&*self.database()).await
    }

    /// Which edges were taken at the latest end of a run; `None` where the run's state says it all.
    async fn decisions(&self, visible: &Visible, run: Uuid) -> Result<Option<Decisions>> {
        decisions::of(&*self.database(), visible, run).await
    }

    /// Whether the latest ended run of a job in a project that was not cancelled had failed.
    async fn last_failed(&self, job: &str, project: Uuid) -> Result<bool> {
        decisions::last_failed(&*self.database(), job, project).await
    }

    /// Whether the latest ended run of a key that was not cancelled had failed.
    async fn last_failed_of_key(&self, job: &str, project: Uuid, key: &str) -> Result<bool> {
        decisions::last_failed_of_key(&*self.database(), job, project, key).await
    }

    /// The log of a run, oldest line first; at most `limit` lines, the newest of them.
    async fn run_logs(&self, visible: &Visible, id: Uuid, limit: u32) -> Result<Vec<RunLogRow>> {
        self.log_page(visible, id, &LogPage { limit, ..LogPage::default() }).await
    }

    /// The same from behind the line `after`, which is a [`RunLogRow::seq`]; the oldest of them.
    async fn run_logs_after(
        &self,
        visible: &Visible,
        id: Uuid,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RunLogRow>> {
        let page = LogPage { place: LogPlace::After(after), limit, ..LogPage::default() };
        self.log_page(visible, id, &page).await
    }

    /// A page of the log of a run, oldest line first.
    async fn log_page(
        &self,
        visible: &Visible,
        id: Uuid,
        page: &LogPage,
    ) -> Result<Vec<RunLogRow>> {
        logs::page(&*self.database(), visible, id, page).await
    }

    /// How many lines of the log of a run have these levels and this text, whatever the page.
    async fn count_log_page(&self, visible: &Visible, id: Uuid, page: &LogPage) -> Result<u64> {
        logs::count(&*self.database(), visible, id, page).await
    }

    /// How many log lines a run has.
    async fn count_logs(&self, run: Uuid) -> Result<u64> {
        run::count_logs(&*self.database(), run).await
    }

    /// Why runs fail, grouped by error, the newest first: of the 2,000 newest places in a state.
    async fn problems(&self, visible: &Visible, state: ProblemState) -> Result<Vec<Problem>> {
        problems::list(&*self.database(), visible, state).await
    }

    /// One kind of failure, whatever its state.
    async fn problem(&self, visible: &Visible, fingerprint: &str) -> Result<Option<Problem>> {
        problems::one(&*self.database(), visible, fingerprint).await
    }

    /// Marks a problem in `projects`; returns in how many places. `entry` goes into the audit
    /// log in the same transaction.
    async fn mark_problem(
        &self,
        projects: &Visible,
        fingerprint: &str,
        mark: ProblemMark,
        entry: Statement,
    ) -> Result<u64> {
        problems::mark(&*self.database(), projects, fingerprint, mark, entry).await
    }

    /// What needs attention, in numbers.
    async fn attention(&self, visible: &Visible) -> Result<Attention> {
        problems::attention(&*self.database(), visible).await
    }

    /// How much waits, by job type.
    async fn queue_depth(&self) -> Result<Vec<QueueDepth>> {
        queue::depth(&*self.database()).await
    }

    /// Writes figures of a process, `source`, and of its `worker` if it has one, beside those that it wrote before; a
    /// part that is there already is written over.
    async fn save_stats(
        &self,
        source: &str,
        worker: Option<&StatWorker>,
        parts: &[StatPart],
    ) -> Result<()> {
        stats::save(&*self.database(), source, worker, parts).await
    }

    /// Puts figures of a process, `source`, in the place of all that it has written of their jobs and minutes.
    async fn replace_stats(&self, source: &str, parts: &[StatPart]) -> Result<()> {
        stats::replace(&*self.database(), source, parts).await
    }

    /// The workers that have figures of the last two days, those that wrote last first.
    async fn stat_workers(&self) -> Result<Vec<StatWorker>> {
        stats::workers(&*self.database()).await
    }

    /// Counts what waits and runs, of the 10,000 longest queues, unless that was done in this minute: `false`.
    async fn sample_queues(&self) -> Result<bool> {
        stats::sample(self).await
    }

    /// Figures by step of time; steps in which nothing was counted are not there. Those of more than two days
    /// ago stand at full hours.
    async fn stats(
        &self,
        filter: &StatFilter,
        step: Duration,
    ) -> Result<BTreeMap<DateTime<Utc>, Figures>> {
        stats::by_time(&*self.database(), filter, step).await
    }

    /// Figures of each job, of each project by its short name, or of each worker: of the 100 with the most ended runs.
    async fn stats_by(
        &self,
        filter: &StatFilter,
        group: StatGroup,
    ) -> Result<BTreeMap<String, Figures>> {
        stats::by_group(&*self.database(), filter, group).await
    }

    /// Says that a worker lives; `true` when it is to take no more runs.
    async fn tell_presence(&self, presence: &Presence) -> Result<bool> {
        workers::tell(&*self.database(), presence).await
    }

    /// Forgets a worker that has ended.
    async fn forget_presence(&self, name: &str) -> Result<()> {
        workers::forget(&*self.database(), name).await
    }

    /// Workers by name: those that tell of themselves, and those that hold runs that may be seen.
    async fn workers(&self, visible: &Visible) -> Result<Vec<Worker>> {
        workers::list(&*self.database(), visible).await
    }

    /// Workers that give signs of life and are not to drain, without what they hold: a look at few rows.
    async fn live_workers(&self) -> Result<Vec<Worker>> {
        workers::live(&*self.database()).await
    }

    /// Asks a worker to take no more runs, in the name of `by`, or without one to take runs again. `entry` goes into
    /// the audit log in the same transaction. `false` when it is not known or nothing changes.
    ///
    /// # Errors
    /// Also [`StoreError::Audit`].
    async fn drain_worker(&self, name: &str, by: Option<&str>, entry: Statement) -> Result<bool> {
        workers::drain(&*self.database(), name, by, entry).await
    }

    /// The ids of the oldest and the newest event ever kept: `(oldest there is, newest so far)`.
    async fn event_range(&self) -> Result<(i64, i64)> {
        queue::event_range(&*self.database()).await
    }

    /// Keeps a text of jobs.toml that comes into force, unless it is the newest that is kept. Saved
    /// in the browser, it says so even if a watcher found it on disk before. `entry` goes into the audit
    /// log in the same transaction.
    ///
    /// # Errors
    /// Also [`StoreError::Audit`].
    async fn record_config(&self, config: &ConfigText, entry: Option<Statement>) -> Result<()> {
        config_history::record(&*self.database(), config, entry).await
    }

    /// The texts that came into force, newest first, without the texts themselves.
    async fn config_history(&self, page: u32, per_page: u32) -> Result<ConfigHistory> {
        config_history::page(&*self.database(), page, per_page).await
    }

    /// The text that was in force at a time; `None` where none of then is kept.
    async fn config_in_force(&self, at: DateTime<Utc>) -> Result<Option<ConfigVersionText>> {
        config_history::in_force(&*self.database(), at).await
    }

    /// The latest of them that has this revision.
    async fn config_text(&self, revision: &str) -> Result<Option<ConfigVersionText>> {
        config_history::text(&*self.database(), revision).await
    }

    /// The deliveries of a hook that fit, the newest first.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
        hooks::page(&*self.database(), filter).await
    }

    /// One delivery of a hook, with what it said.
    async fn delivery(
        &self,
        visible: &Visible,
        hook: &str,
        id: Uuid,
    ) -> Result<Option<WholeDelivery>> {
        hooks::one(&*self.database(), visible, hook, id).await
    }

    /// How many deliveries of each hook had which outcome in the last day.
    async fn delivery_counts(&self, visible: &Visible) -> Result<Vec<HookCount>> {
        hooks::counts(&*self.database(), visible).await
    }

    /// The run that was made of a delivery before, if one was.
    async fn delivered_before(&self, hook: &str, identity: &str) -> Result<Option<Uuid>> {
        hooks::before(&*self.database(), hook, identity).await
    }

    /// Removes deliveries that came longer than `keep` ago, at most `batch`; returns how many.
    async fn prune_deliveries(&self, keep: Duration, batch: u32) -> Result<u64> {
        hooks::prune(&*self.database(), keep, batch).await
    }

    /// Removes what is older than `keep`, at most `batch` rows of each table: a small step that holds
    /// nobody up. The newest event stays, as the end of the outbox.
    async fn prune(&self, keep: &KeepFor, batch: u32) -> Result<Pruned> {
        prune::prune(&*self.database(), keep, batch).await
    }
}

impl<S: Store + ?Sized> Queries for S {}

/// The rows of one query of a snapshot.
fn decoded<T: DeserializeOwned>(rows: Vec<Row>) -> Result<Vec<T>> {
    let decode = |row| decode_row("list", row).map_err(StoreError::Query);
    rows.into_iter().map(decode).collect()
}

/// All rows of a query.
async fn rows<T: DeserializeOwned>(database: &dyn Database, query: Statement) -> Result<Vec<T>> {
    Db::over(database).fetch_all(query).await.map_err(StoreError::Query)
}

/// The first row of a query, if there is one.
async fn first<T: DeserializeOwned>(
    database: &dyn Database,
    query: Statement,
) -> Result<Option<T>> {
    Db::over(database).fetch_optional(query).await.map_err(StoreError::Query)
}

/// The rows of a page, and the one number that `count` gives.
async fn page<T: DeserializeOwned>(
    database: &dyn Database,
    items: Statement,
    count: Statement,
) -> Result<Page<T>> {
    Db::over(database).fetch_page(items, count).await.map_err(StoreError::Query)
}

/// The row of a query that has one.
async fn one<T: DeserializeOwned>(database: &dyn Database, query: Statement) -> Result<T> {
    Db::over(database).fetch_one(query).await.map_err(StoreError::Query)
}
