//! The embedded default: one file, WAL mode, one writer connection and a pool of readers.

mod claim;
mod clock;
mod events;
mod migrate;
mod renew;
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

use super::{Claimed, Connections, EndWithEvent, PoolUse, Queries, Result, Store, Tx};
use crate::rotation::Rotation;
use cascade_model::{Event, Lease, Renewal};
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
    rotation: Arc<Rotation>,
    clock: Arc<WallClock>,
}

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
            .connect_with(options.clone())
            .await?;
        let readers = options.pragma("query_only", "ON");
        let read = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
        let read = read.connect_lazy_with(readers);
        Ok(Self {
            write,
            read,
            numbered: Arc::default(),
            rotation: Arc::default(),
            clock: Arc::default(),
        })
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

    async fn warm_up(&self) -> Result<()> {
        // A file in this process: nothing to wait for.
        Ok(())
    }

    async fn claim(
        &self,
        owner: &str,
        limit: u32,
        lease: Duration,
        except: &[String],
    ) -> Result<Claimed> {
        claim::claim(self, owner, limit, lease, except).await
    }

    async fn next_due(&self, owner: &str, except: &[String]) -> Result<Option<Duration>> {
        claim::next_due(self, owner, except).await
    }

    async fn renew(&self, leases: &[Lease], duration: Duration) -> Result<Vec<Renewal>> {
        renew::renew(self, leases, duration).await
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
    use crate::{Lost, Requeue, RunFilter, hot_verbs, old_beside_new};
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
            let mut query = crate::portable::page_query(database.dialect(), &filter);
            query.sql.to_mut().insert_str(0, "EXPLAIN QUERY PLAN ");
            let rows = database.query(query).await.unwrap();
            let plan: Vec<_> = rows.iter().filter_map(|row| row["detail"].as_str()).collect();
            let plan = plan.join("\n");
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("SCAN p") && plan.matches("TEMP B-TREE").count() <= 1, "{plan}");
        }
    }

    /// The clock was two hours ahead when a job fired, another was triggered and a third was to be tried
    /// again; then the process ended, and the clock was set right.
    #[tokio::test]
    async fn what_was_written_while_the_clock_was_ahead_is_due_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cascade.db");
        let store = SqliteStore::open(&file).await.unwrap();
        store.migrate(&[]).await.unwrap();
        hot_verbs::schedules(&store).await;
        let lease = Duration::from_secs(30);
        let mut runs = store.claim("dead", 10, lease, &[]).await.unwrap().runs;
        let run = runs.remove(0);
        hot_verbs::end_all(&store, &runs).await;
        let ahead = "UPDATE scheduled_jobs
                     SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+2 hours'),
                         next_run_at = strftime('%Y-%m-%dT%H:%M:%fZ', next_run_at, '+2 hours');
                     UPDATE scheduled_jobs SET next_run_at = updated_at WHERE job_type = 'last';
                     UPDATE worker_runs
                     SET queued_at = strftime('%Y-%m-%dT%H:%M:%fZ', queued_at, '+2 hours'),
                         available_at = strftime('%Y-%m-%dT%H:%M:%fZ', available_at, '+2 hours'),
                         lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', lease_until, '+2 hours')";
        sqlx::raw_sql(ahead).execute(&store.write).await.unwrap();
        drop(store);
        let store = SqliteStore::open(&file).await.unwrap();
        let Claimed { runs, unresponsive } = store.claim("w", 10, lease, &[]).await.unwrap();
        assert!(unresponsive, "the lease of the dead process is over");
        let of = |job: &str| runs.iter().filter(|run| run.job_type == job).count();
        assert_eq!((of("up"), of("last")), (0, 2), "{runs:?}");
        let next = store.next_due("w", &[]).await.unwrap().unwrap();
        assert!(next <= Duration::from_secs(3600), "{next:?}");
        // While the process lives, what waits moves with the clock.
        let mut tx = Store::begin(&store, Connections::Queue).await.unwrap();
        let lost = Lost::Unresponsive { except: "w", lease, limit: 10 };
        let lost = tx.expired_claims(lost).await.unwrap().remove(0).lease;
        assert_eq!(lost, run.lease);
        let later = Requeue {
            lease: lost,
            state: RunState::Retryable,
            error: None,
            after: Some(Duration::from_secs(7210)),
            attempt_counts: true,
        };
        assert!(tx.requeue(&[later]).await.unwrap()[0].is_some());
        tx.commit().await.unwrap();
        let ahead = clock::written_ahead(&store.read).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let by = clock::SetBack::By(Duration::from_secs(7200));
        clock::catch_up(&mut tx, by, &ahead).await.unwrap();
        tx.commit().await.unwrap();
        let next = store.next_due("w", &[]).await.unwrap().unwrap();
        assert!(next <= Duration::from_secs(10), "{next:?}");
    }
}
