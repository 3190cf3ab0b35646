//! Scheduled jobs as rows, many at once: what bringing them in line with jobs.toml asks of a database.

use async_trait::async_trait;
use cascade_sdk::BoxFuture;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Result;
use cascade_config::JobSettings;

/// Rows that one transaction makes or changes at most, so that no other writer waits for long.
pub const PAGE: usize = 1000;

/// What jobs.toml says of a scheduled job, as its row in every project keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `every 15m` or `cron LINE ZONE`.
    pub schedule: Option<String>,
    /// Whether the job runs at all.
    pub enabled: bool,
    /// How many attempts a run has.
    pub max_attempts: u32,
    /// Runs of the job type at a time, over all workers and projects.
    pub concurrency: Option<u32>,
}

impl From<&JobSettings> for Settings {
    fn from(settings: &JobSettings) -> Self {
        Self {
            schedule: settings.schedule.as_ref().map(ToString::to_string),
            enabled: settings.enabled,
            max_attempts: settings.max_attempts,
            concurrency: settings.concurrency,
        }
    }
}

/// A row of `projects`.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Its id, if there is no project of this slug yet.
    pub id: Uuid,
    /// Names it in jobs.toml.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Runs of the project at a time.
    pub concurrency: Option<u32>,
}

/// A job that is new in some projects.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// Its type.
    pub job_type: &'a str,
    /// What its rows keep.
    pub settings: &'a Settings,
    /// When the first run is due.
    pub first_due: Option<DateTime<Utc>>,
}

/// The rows of a job that keep the same settings.
#[derive(Debug, Clone)]
pub struct ScheduleGroup {
    /// The job.
    pub job_type: String,
    /// What they keep.
    pub settings: Settings,
    /// How many are of the projects that were asked about.
    pub of_projects: u64,
    /// How many are of other projects.
    pub of_others: u64,
}

/// A row of `scheduled_jobs` that is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Its id.
    pub id: Uuid,
    /// The job.
    pub job_type: String,
    /// What it keeps.
    pub settings: Settings,
    /// When it is due.
    pub next_run_at: Option<DateTime<Utc>>,
    /// Whether triggers or a request wait for its next run.
    pub has_triggers: bool,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// What a locked row is to become.
pub type Change<'a> = dyn Fn(ScheduleRow) -> ScheduleRow + Sync + 'a;

/// Verbs over schedules, each for a page of rows in a separate transaction.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Does `work` while no other process does work of this kind.
    async fn alone(&self, work: BoxFuture<'_, Result<()>>) -> Result<()>;

    /// The database's clock.
    async fn now(&self) -> Result<DateTime<Utc>>;

    /// Makes these projects, or changes those that are there; returns their ids, in the order of slugs.
    async fn save_projects(&self, projects: &[NewProject]) -> Result<Vec<Uuid>>;

    /// The ids of all projects there are except for these.
    async fn other_projects(&self, than: &[Uuid]) -> Result<Vec<Uuid>>;

    /// All schedules, counted by job and settings. Reads every row.
    async fn schedule_groups(&self, projects: &[Uuid]) -> Result<Vec<ScheduleGroup>>;

    /// Makes the rows of `jobs` in `projects` that are missing.
    async fn insert_schedules(&self, jobs: &[NewJob<'_>], projects: &[Uuid]) -> Result<u64>;

    /// Locks the rows of `jobs` in `projects` that keep other settings than given, and stores what
    /// `change` makes of each. Returns how many these are.
    async fn change_schedules(
        &self,
        jobs: &[(&str, &Settings)],
        projects: &[Uuid],
        change: &Change<'_>,
    ) -> Result<u64>;

    /// Disables the rows of `jobs` in `projects`.
    async fn disable_schedules(&self, jobs: &[&str], projects: &[Uuid]) -> Result<u64>;
}
