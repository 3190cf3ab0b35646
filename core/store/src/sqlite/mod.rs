//! The embedded default: one file, WAL mode, one writer connection and a pool of readers.

mod claim;
mod clock;
mod events;
mod key_rates;
mod migrate;
mod renew;
mod requests;
mod row;
mod schedules;
mod tx;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cascade_portable_sql::SqliteDatabase;
use cascade_sdk::{MigrationSet, host::Database};
use sqlx::{
    Connection, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::{
    Connections, DueByClock, EndWithEvent, LeftJob, Look, PoolUse, Queries, Result, Soonest, Store,
    Tx,
};
use cascade_model::{Event, HeldLease, Renewal};
use clock::WallClock;

/// The database's clock, in the form all times are kept in.
macro_rules! now {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    };
}
use now;

/// A SQLite file.
#[derive(Clone)]
pub struct SqliteStore {
    write: SqlitePool,
    read: SqlitePool,
    /// The last event that [`Store::number_events`] has returned. Ids are given at once here, as the
    /// one writer commits in their order.
    numbered: Arc<AtomicI64>,
    clock: Arc<WallClock>,
}

/// Of the connection that writes, in KiB below zero: what each commit of many ends touches is kept in memory. With the
/// default of 2 MB, pages of its ten indexes were read from the file for each run, which took a third of its time.
const WRITER_CACHE: &str = "-16384";
/// Pages, so that the log of writes is of 16 MB before they go to the file: pages that change with each commit go there
/// less often.
const CHECKPOINT_AFTER: &str = "4000";

impl SqliteStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Sql`](super::StoreError::Sql) when it cannot be opened.
    pub async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was told to anybody survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let writes = [("cache_size", WRITER_CACHE), ("wal_autocheckpoint", CHECKPOINT_AFTER)];
        let writer =
            writes.into_iter().fold(options.clone(), |all, (name, value)| all.pragma(name, value));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            // Nothing is between it and us that could have gone away.
            .test_before_acquire(false)
            // A commit that the disk refused has ended the transaction for SQLite, but not for sqlx:
            // such a connection would refuse to begin another for ever.
            .before_acquire(|connection, _| {
                let fit = !connection.is_in_transaction();
                Box::pin(async move { Ok(fit) })
            })
            .connect_with(writer)
            .await?;
        let readers = options.pragma("query_only", "ON");
        let read = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
        let read = read.connect_lazy_with(readers);
        Ok(Self { write, read, numbered: Arc::default(), clock: Arc::default() })
    }

    /// A transaction that may write from its first statement: one that began as a reader could
    /// not be upgraded while another writes.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn database(&self) -> Arc<dyn Database> {
        Arc::new(SqliteDatabase::new(self.write.clone(), self.read.clone()))
    }

    async fn migrate(&self, plugins: &[MigrationSet]) -> Result<()> {
        migrate::migrate(self, plugins).await?;
        let (_, newest) = self.event_range().await?;
        self.numbered.store(newest, Ordering::Relaxed);
        Ok(())
    }

    async fn contract(&self) -> Result<Vec<&'static str>> {
        migrate::contract(self).await
    }

    async fn warm_up(&self) -> Result<()> {
        // A file in this process: nothing to wait for.
        Ok(())
    }

    async fn look(&self, owner: &str, lease: Duration) -> Result<Look> {
        // People and plugins may keep all readers busy.
        claim::look(&self.write, owner, lease).await
    }

    async fn soonest(
        &self,
        owner: &str,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Soonest> {
        claim::soonest(&self.read, owner, except_jobs, except_projects).await
    }

    async fn next_queued(
        &self,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Option<Duration>> {
        let found = claim::next_queued(&self.read, except_jobs, except_projects).await?;
        Ok(Soonest::new(false, found).pause)
    }

    async fn follow_clock(&self, due: &DueByClock) -> Result<()> {
        clock::follow(self, due).await
    }

    async fn renew(&self, held: &[HeldLease], duration: Duration) -> Result<Vec<Renewal>> {
        renew::renew(self, held, duration).await
    }

    async fn end_with_events(&self, ends: &[EndWithEvent]) -> Result<Vec<Option<Event>>> {
        tx::end_with_events(self, ends).await
    }

    async fn begin(&self, _on: Connections) -> Result<Box<dyn Tx>> {
        Ok(Box::new(tx::begin(self).await?))
    }

    async fn number_events(&self) -> Result<Vec<Event>> {
        let last = self.numbered.load(Ordering::Relaxed);
        let events = events::events_after(&self.read, last, u32::MAX).await?;
        if let Some(newest) = events.last() {
            self.numbered.fetch_max(newest.id, Ordering::Relaxed);
        }
        Ok(events)
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>> {
        events::events_after(&self.read, id, limit).await
    }

    fn pools(&self) -> Vec<PoolUse> {
        [("write", &self.write), ("read", &self.read)]
            .map(|(name, pool)| PoolUse {
                name,
                size: pool.size(),
                idle: u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
                max: pool.options().get_max_connections(),
            })
            .into()
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunFilter, StoreError, hot_verbs, old_beside_new};
    use cascade_model::RunState;

    /// What a binary of the first edition does at its start and at each save of jobs.toml.
    #[tokio::test]
    async fn the_first_edition_starts_beside_the_newer_schema() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
        store.migrate(&[]).await.unwrap();
        old_beside_new::first_edition("sqlite").await.run(&store.write).await.unwrap();
        old_beside_new::newer_versions_and_contracts(&store).await;
    }

    #[tokio::test]
    async fn a_contraction_has_the_file_to_itself_and_keeps_older_versions_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cascade.db");
        let beside = SqliteStore::open(&file).await.unwrap();
        beside.migrate(&[]).await.unwrap();
        let store = SqliteStore::open(&file).await.unwrap();
        let error = store.contract().await.unwrap_err();
        assert!(matches!(error, StoreError::InUse(_)), "{error}");
        for pool in [&beside.write, &beside.read] {
            pool.close().await;
        }
        old_beside_new::contracts(&store, "sqlite").await;
        let first_edition = old_beside_new::first_edition("sqlite").await;
        let refused = first_edition.run(&store.write).await.unwrap_err().to_string();
        assert!(refused.contains("migration 9 was previously applied but is missing"), "{refused}");
        let again = SqliteStore::open(&file).await.unwrap();
        again.migrate(&[]).await.unwrap();
        let mode = "PRAGMA journal_mode";
        let mode: String = sqlx::query_scalar(mode).fetch_one(&again.write).await.unwrap();
        assert_eq!(mode, "wal");
    }

    async fn plan_of(database: &dyn Database, mut query: cascade_sdk::Statement) -> String {
        query.sql.to_mut().insert_str(0, "EXPLAIN QUERY PLAN ");
        let rows = database.query(query).await.unwrap();
        let plan: Vec<_> = rows.iter().filter_map(|row| row["detail"].as_str()).collect();
        plan.join("\n")
    }

    /// The default page and its neighbours come of an index, without a sort of all runs.
    #[tokio::test]
    async fn a_page_of_many_runs_reads_an_index_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
        store.migrate(&[]).await.unwrap();
        let cases = [
            (RunFilter::default(), "SCAN r USING COVERING INDEX worker_runs_queued"),
            (
                RunFilter { job_types: vec!["up".into()], ..Default::default() },
                "SEARCH r USING COVERING INDEX worker_runs_by_job",
            ),
            (
                RunFilter { states: vec![RunState::Running], ..Default::default() },
                "SEARCH r USING COVERING INDEX worker_runs_by_state",
            ),
        ];
        for (filter, index) in cases {
            let database = store.database();
            let query = crate::portable::page_query(database.dialect(), &filter);
            let plan = plan_of(&*database, query).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("SCAN p") && plan.matches("TEMP B-TREE").count() <= 2, "{plan}");
            let counted = crate::portable::histogram_query(
                database.dialect(),
                &filter,
                chrono::Utc::now(),
                9,
            );
            let plan = plan_of(&*database, counted).await;
            // Whether the index has all that is counted is not asked.
            let of_index = |text: &str| text.replace("COVERING ", "");
            assert!(of_index(&plan).contains(&of_index(index)), "{plan}");
        }
    }

    /// The clock was two hours ahead when a schedule and a run were written, and was set right then.
    #[tokio::test]
    async fn what_was_written_while_the_clock_was_ahead_is_due_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
        store.migrate(&[]).await.unwrap();
        hot_verbs::schedules(&store).await;
        let claimed = hot_verbs::claim(&store, "w", 10).await;
        hot_verbs::try_again(&store, &claimed[0]).await;
        let ahead = "UPDATE scheduled_jobs
                     SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+2 hours'),
                         next_run_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+3 hours')
                     WHERE job_type = 'up';
                     UPDATE worker_runs
                     SET available_at = strftime('%Y-%m-%dT%H:%M:%fZ', available_at, '+2 hours')";
        sqlx::raw_sql(ahead).execute(&store.write).await.unwrap();
        let none = store.soonest("w", &["up".into()], &[]).await.unwrap();
        assert_eq!(none, Soonest { limited: false, pause: None });
        let by = clock::SetBack::By(Duration::from_secs(7200));
        let at_nine = "2026-01-01T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        clock::catch_up(&store, by, &move |_| Some(at_nine)).await.unwrap();
        let due = "SELECT count(*) FROM scheduled_jobs
                   WHERE next_run_at = '2026-01-01T09:00:00.000Z' AND updated_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
        let due: i64 = sqlx::query_scalar(due).fetch_one(&store.read).await.unwrap();
        assert_eq!(due, 2, "those that were written ahead, and no others");
        let waits = "SELECT (julianday(min(available_at)) - julianday('now')) * 86400.0
                     FROM worker_runs WHERE state = 'retryable'";
        let waits: f64 = sqlx::query_scalar(waits).fetch_one(&store.read).await.unwrap();
        assert!(waits <= 10.0, "what waits moves with the clock: {waits}");
    }
}
