//! Production: PostgreSQL, shared by any number of servers and workers.

mod claim;
mod finish;
mod prune;
mod read;
mod reconcile;
mod row;
mod write;

use std::{str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_portable_sql::PostgresDatabase;
use cascade_sdk::{LogLine, MigrationSet, Progress, host::Database};
use serde_json::Value;
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use super::{
    CancelRequest, ClaimedRun, Completed, Event, Failed, Fault, KeepFor, Lease, PoolUse,
    ProjectRow, Pruned, QueueDepth, Result, Run, RunFilter, RunLogRow, RunNow, RunPage,
    ScheduledJob, ScheduledStatus, Store, Success,
};
use crate::config::Config;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// A process that freezes in a transaction must not hold its rows for ever.
const IDLE_IN_TRANSACTION: &str = "15s";

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects with up to `connections` connections.
    ///
    /// # Errors
    /// [`StoreError::Sql`](super::StoreError::Sql) when the URL is wrong or nobody answers.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("cascade")
            .options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        Ok(Self { pool })
    }

    /// The pool, for the bus over the same database.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn database(&self) -> Arc<dyn Database> {
        Arc::new(PostgresDatabase::new(self.pool.clone()))
    }

    async fn migrate(&self, plugins: &[MigrationSet]) -> Result<()> {
        // A connection of its own, closed at the end: the lock goes with it, whatever happens.
        let mut connection = PgConnection::connect_with(&self.pool.connect_options()).await?;
        sqlx::query("SELECT pg_advisory_lock(hashtext('cascade.migrate'))")
            .execute(&mut connection)
            .await?;
        MIGRATOR.run(&self.pool).await?;
        cascade_portable_sql::run_migrations_postgres(&mut connection, plugins).await?;
        Ok(connection.close().await?)
    }

    async fn reconcile(&self, config: &Config) -> Result<()> {
        reconcile::reconcile(self, config).await
    }

    async fn claim(
        &self,
        owner: &str,
        limit: u32,
        lease: Duration,
        except: &[String],
    ) -> Result<Vec<ClaimedRun>> {
        claim::claim(self, owner, limit, lease, except).await
    }

    async fn next_due(&self, except: &[String]) -> Result<Option<Duration>> {
        claim::next_due(self, except).await
    }

    async fn renew(&self, lease: &Lease, duration: Duration) -> Result<bool> {
        write::renew(self, lease, duration).await
    }

    async fn complete(&self, lease: &Lease, success: Success) -> Result<Completed> {
        finish::complete(self, lease, success).await
    }

    async fn fail(&self, lease: &Lease, fault: Fault) -> Result<Failed> {
        finish::fail(self, lease, fault).await
    }

    async fn cancel(&self, lease: &Lease) -> Result<()> {
        finish::cancel(self, lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        finish::release(self, lease).await
    }

    async fn record(
        &self,
        run: Uuid,
        logs: Vec<LogLine>,
        progress: Option<Progress>,
    ) -> Result<()> {
        write::record(self, run, &logs, progress).await
    }

    async fn run_now(&self, job: &str, project: Uuid, params: Option<Value>) -> Result<RunNow> {
        write::run_now(self, job, project, params).await
    }

    async fn request_cancel(&self, run: Uuid) -> Result<CancelRequest> {
        write::request_cancel(self, run).await
    }

    async fn retry(&self, run: Uuid) -> Result<()> {
        write::retry(self, run).await
    }

    async fn set_status(&self, job: &str, project: Uuid, status: ScheduledStatus) -> Result<()> {
        write::set_status(self, job, project, status).await
    }

    async fn projects(&self) -> Result<Vec<ProjectRow>> {
        read::projects(&self.pool).await
    }

    async fn scheduled(&self, project: Option<Uuid>) -> Result<Vec<ScheduledJob>> {
        read::scheduled(&self.pool, project).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        read::runs(&self.pool, filter).await
    }

    async fn run(&self, id: Uuid) -> Result<Option<Run>> {
        read::run(&self.pool, id).await
    }

    async fn run_logs(&self, id: Uuid, limit: u32) -> Result<Vec<RunLogRow>> {
        read::run_logs(&self.pool, id, limit).await
    }

    async fn number_events(&self) -> Result<Vec<Event>> {
        read::number_events(&self.pool).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>> {
        read::events_after(&self.pool, id, limit).await
    }

    async fn event_range(&self) -> Result<(i64, i64)> {
        read::event_range(&self.pool).await
    }

    async fn queue_depth(&self) -> Result<Vec<QueueDepth>> {
        read::queue_depth(&self.pool).await
    }

    async fn prune(&self, keep: &KeepFor, batch: u32) -> Result<Pruned> {
        prune::prune(self, keep, batch).await
    }

    fn pools(&self) -> Vec<PoolUse> {
        vec![PoolUse {
            name: "postgres",
            size: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            max: self.pool.options().get_max_connections(),
        }]
    }
}

#[cfg(test)]
mod tests;
