//! Production: PostgreSQL, shared by any number of servers and workers.

mod by_id;
mod claim;
mod events;
mod exclusive;
mod failures;
mod floor;
mod kept;
mod key_rates;
mod migrate;
mod names;
mod pooler;
mod renew;
mod requests;
mod row;
mod schedules;
mod tx;
mod warm_up;

use std::{str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_portable_sql::PostgresDatabase;
use cascade_sdk::{MigrationSet, host::Database};
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use super::{
    Choice, Connections, EndWithEvent, Holder, LeftJob, Look, PoolUse, Result, Soonest, Store,
    Taken, Tx, expand,
};
use cascade_model::{Event, HeldLease, Renewal};
use floor::Floor;
use kept::Kept;
use names::Names;

/// What every connection sets for itself, so that no default of the database, of the role or of the
/// server changes what a statement means. The schema (`search_path`) stays the operator's choice; time
/// zone, date style and encoding are set by the driver.
const SESSION: [(&str, &str); 8] = [
    // Statements are written for this level: at a stricter one, claims that meet would fail.
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_deferrable", "off"),
    // Migrations and large claims may take longer than what an operator allows for queries by people.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    // A backslash in a text of a statement is a backslash.
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
];

/// A process that freezes in a transaction must not keep its rows locked for ever.
const IDLE_IN_TRANSACTION: &str = "15s";

/// A connection that was in use so lately is not asked whether it is still there: the question is a round
/// trip before every statement.
const FRESH: Duration = Duration::from_secs(1);

/// Connections that move runs from state to state, at most.
const MOST_OF_QUEUE: u32 = 4;
/// Their statements are made for the indexes that they name, whatever the statistics of a table say
/// that was empty a minute ago: a plan is made once, and is not one that reads a whole table.
///
/// While a transaction is open for long, rows that are dead stay in the tables of unfinished runs and in their indexes.
/// Where statistics say that none or one is alive, PostgreSQL takes every index to be one page long, and a join may go
/// through all of it. So statements do not look for runs by a join: they ask for a list of ids, or for each key in a
/// subquery that `OFFSET 0` keeps from becoming a join. One id costs the same in every index that has it in its key; a list
/// costs less in the primary key, unless another one is as high, as that of the claims of schedules' runs may be. The
/// tests in `dead_rows.rs` show what happens otherwise.
const PLANS: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    // Rows of a bitmap come, and are locked, in the order in which they lie: not in that of the index of ids, by which
    // ends, renewals and requests lock runs.
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// The channel of pg_notify on which workers of other processes are woken, and told to cancel a run.
pub const SIGNALS: &str = "worker_signals";

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// For what moves runs from state to state: never held up by what plugins or people ask.
    queue: PgPool,
    /// The same, for the statements of which every run has some.
    kept: Kept,
    names: Arc<Names>,
    floor: Arc<Floor>,
}

impl PostgresStore {
    /// Connects with up to `connections` connections.
    ///
    /// # Errors
    /// [`StoreError::Sql`](super::StoreError::Sql) when the URL is wrong or nobody answers, and
    /// [`StoreError::Pooler`](super::StoreError::Pooler) when a pooler answers.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        // `cascade migrate --contract` tells by this number who is too old for it.
        let name = format!("cascade {}", expand::newest(expand::POSTGRES));
        let options = PgConnectOptions::from_str(url)?.application_name(&name).options(SESSION);
        pooler::refuse(&options).await?;
        let of_queue = (connections * 2 / 5).clamp(1, MOST_OF_QUEUE);
        let pool = |most: u32| {
            let pool = PgPoolOptions::new().max_connections(most).test_before_acquire(false);
            let pool = pool.before_acquire(|connection, idle| {
                Box::pin(async move {
                    if idle.idle_for >= FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            });
            pool.acquire_timeout(Duration::from_secs(10))
        };
        let queue = pool(of_queue).connect_lazy_with(options.clone().options(PLANS));
        Ok(Self {
            kept: Kept::of(queue.clone(), of_queue as usize / 2),
            queue,
            pool: pool(connections.saturating_sub(of_queue).max(1)).connect_with(options).await?,
            names: Arc::default(),
            floor: Arc::default(),
        })
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
        migrate::migrate(self, plugins).await
    }

    async fn contract(&self) -> Result<Vec<&'static str>> {
        migrate::contract(self).await
    }

    async fn warm_up(&self) -> Result<()> {
        warm_up::warm_up(self).await
    }

    fn takes_at_once(&self) -> bool {
        true
    }

    async fn take(&self, choice: &Choice<'_>, holder: &Holder<'_>) -> Result<Taken> {
        let mut connection = self.kept.acquire().await?;
        let mut found = claim::take(&mut connection, choice, holder, &self.floor).await?;
        connection.keep();
        if let Taken::Runs(found) = &mut found {
            self.names.fill(&self.queue, &mut found.runs).await?;
        }
        Ok(found)
    }

    async fn look(&self, owner: &str, _lease: Duration) -> Result<Look> {
        let mut connection = self.kept.acquire().await?;
        let found = claim::look(&mut connection, owner, &self.floor).await?;
        connection.keep();
        Ok(found)
    }

    async fn soonest(
        &self,
        owner: &str,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Soonest> {
        let mut connection = self.kept.acquire().await?;
        let found = claim::soonest(&mut connection, owner, except_jobs, except_projects).await?;
        connection.keep();
        Ok(found)
    }

    async fn next_queued(
        &self,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Option<Duration>> {
        let mut connection = self.kept.acquire().await?;
        let (jobs, projects) = (except_jobs, except_projects);
        let found = claim::next_queued(&mut connection, jobs, projects, &self.floor).await?;
        connection.keep();
        Ok(Soonest::new(false, found).pause)
    }

    async fn refresh_last_ends(&self) -> Result<()> {
        sqlx::query("SELECT refresh_job_last()").execute(&self.pool).await?;
        Ok(())
    }

    async fn renew(&self, held: &[HeldLease], duration: Duration) -> Result<Vec<Renewal>> {
        renew::renew(self, held, duration).await
    }

    async fn end_with_events(&self, ends: &[EndWithEvent]) -> Result<Vec<Option<Event>>> {
        let mut connection = self.kept.acquire().await?;
        let events = tx::end_with_events(&mut connection, ends).await?;
        connection.keep();
        Ok(events)
    }

    async fn begin(&self, on: Connections) -> Result<Box<dyn Tx>> {
        Ok(Box::new(tx::begin(self, on).await?))
    }

    async fn number_events(&self) -> Result<Vec<Event>> {
        events::number_events(&self.pool).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>> {
        events::events_after(&self.pool, id, limit).await
    }

    fn pools(&self) -> Vec<PoolUse> {
        [("postgres", &self.pool, 0), ("queue", &self.queue, self.kept.len())]
            .map(|(name, pool, kept)| PoolUse {
                name,
                size: pool.size(),
                idle: u32::try_from(pool.num_idle() + kept).unwrap_or(u32::MAX),
                max: pool.options().get_max_connections(),
            })
            .into()
    }
}

#[cfg(test)]
mod dead_rows;
#[cfg(test)]
mod filled;
#[cfg(test)]
mod first_of_key;
#[cfg(test)]
mod last_ends;
#[cfg(test)]
mod near_limits;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests;
