//! Figures of runs by minute: counted in memory where runs end, written every two seconds.
//!
//! A commit of many ends takes one lock here and no row of the database, so that nobody who ends runs waits for
//! another. A process adds rows of its own, each a part of a job's minute with what it has counted since the part
//! before: no version of a row is left behind, over which the next write would have to step while some transaction is
//! open for long. After a fault it writes the same part again. Once the minute is over it puts one part in their place.
//! What is lost when a process is killed is what it counted in the last two seconds: of figures alone, as the runs
//! themselves are stored.

mod minutes;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cascade_model::{StatKey, StatKind, StatWorker, Tally, bucket};
use cascade_store::{Queries, Result, Store};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::minutes::Minutes;
use crate::Engine;

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(2);
/// How often what waits is counted.
const SAMPLE: Duration = Duration::from_secs(60);
/// How often what is known of the last ends of jobs is brought up to date, where nobody asks for it.
const LAST_ENDS: Duration = Duration::from_secs(10);
/// How long the last write of a process may take.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// What is counted, by job type.
type Counts = HashMap<String, HashMap<StatKey, Tally>>;

/// Counts how runs end, in this process. Clones count together.
#[derive(Clone, Default)]
pub struct RunCounts(Arc<Mutex<Counts>>);

/// How a run has ended, for its figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CountedEnd<'a> {
    pub job_type: &'a str,
    pub project: Uuid,
    pub kind: StatKind,
    /// How long its last attempt took; `None` if it never began.
    pub took: Option<Duration>,
    /// How long it had waited, if this was its first attempt.
    pub waited: Option<Duration>,
}

/// One that nobody has seen run: of a lost worker, or cancelled while it waited.
pub(crate) type UnseenEnd = (String, Uuid, StatKind);

impl Engine {
    /// Counts ends that are committed.
    pub(crate) fn count_unseen(&self, ends: &[UnseenEnd]) {
        self.counts.add(ends.iter().map(|(job_type, project, kind)| CountedEnd {
            job_type,
            project: *project,
            kind: *kind,
            took: None,
            waited: None,
        }));
    }
}

impl RunCounts {
    /// Counts ends that are committed.
    pub(crate) fn add<'a>(&self, ends: impl IntoIterator<Item = CountedEnd<'a>>) {
        let mut counted = self.counted();
        for CountedEnd { job_type, project, kind, took, waited } in ends {
            // A name is copied for the first of its job alone.
            if !counted.contains_key(job_type) {
                counted.insert(job_type.to_owned(), HashMap::new());
            }
            let Some(cells) = counted.get_mut(job_type) else { continue };
            let times = waited.map(|waited| (StatKind::Wait, waited));
            for (kind, time) in times.into_iter().chain([(kind, took.unwrap_or_default())]) {
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                let key = StatKey { project_id: project, kind, bucket: bucket(time) };
                cells.entry(key).or_default().add(Tally { runs: 1, micros });
            }
        }
    }

    fn take(&self) -> Counts {
        std::mem::take(&mut *self.counted())
    }

    fn is_empty(&self) -> bool {
        self.counted().is_empty()
    }

    fn counted(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what [`RunCounts`] counts.
pub struct FigureWriter {
    counts: RunCounts,
    store: Arc<dyn Store>,
    /// Names the rows of this process.
    source: String,
    /// Its worker, if it has one.
    worker: Option<StatWorker>,
    /// What was counted in which minute.
    minutes: Minutes,
    /// The latest minute, by the database's clock; when it is over, by this process's.
    latest: Option<(DateTime<Utc>, Instant)>,
    /// When runs have ended since the last ends of jobs were brought up to date: when that is to be done.
    last_ends_due: Option<Instant>,
}

impl FigureWriter {
    /// Writes to `store`, in the name of `worker`, if this process has one.
    pub fn new(counts: RunCounts, store: Arc<dyn Store>, worker: Option<StatWorker>) -> Self {
        let source = Uuid::new_v4().simple().to_string()[..12].to_owned();
        Self {
            counts,
            store,
            source,
            worker,
            minutes: Minutes::default(),
            latest: None,
            last_ends_due: None,
        }
    }

    /// Writes, and counts what waits, until `stop`; then writes once more.
    pub async fn keep(mut self, stop: CancellationToken) {
        let mut write = tokio::time::interval(EVERY);
        let mut sample = tokio::time::interval(SAMPLE);
        write.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        sample.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = self.last_ends_due;
            let last_ends = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into());
            let done = tokio::select! {
                () = stop.cancelled() => break,
                _ = write.tick() => self.write().await,
                () = last_ends, if due.is_some() => {
                    self.refresh_last_ends().await;
                    continue;
                }
                _ = sample.tick() => self.store.sample_queues().await.map(drop),
            };
            if let Err(error) = done {
                tracing::warn!(%error, "figures of runs are not stored yet");
            }
        }
        match tokio::time::timeout(LAST_WITHIN, self.write()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last figures of runs are lost"),
            Err(_) => tracing::warn!("the last figures of runs are lost: the database is slow"),
        }
    }

    /// Writes what was counted since the last time, as of the minute that the database's clock shows.
    ///
    /// # Errors
    /// The database's; the next call writes it again.
    pub async fn write(&mut self) -> Result<()> {
        if self.has_nothing_to_do() {
            return Ok(());
        }
        self.last_ends_due.get_or_insert_with(|| Instant::now() + LAST_ENDS);
        let now = self.store.now().await?;
        self.write_at(now).await
    }

    async fn refresh_last_ends(&mut self) {
        self.last_ends_due = None;
        if let Err(error) = self.store.refresh_last_ends().await {
            tracing::warn!(%error, "the last ends of jobs are brought up to date later");
            self.last_ends_due = Some(Instant::now() + LAST_ENDS);
        }
    }

    /// As [`Self::write`], at a time of the database's clock.
    ///
    /// # Errors
    /// The database's; the next call writes it again.
    pub async fn write_at(&mut self, now: DateTime<Utc>) -> Result<()> {
        let minute = self.minute(now);
        for (job_type, cells) in self.counts.take() {
            self.minutes.add(minute, job_type, cells);
        }
        let parts = self.minutes.fresh();
        if !parts.is_empty() {
            self.store.save_stats(&self.source, self.worker.as_ref(), &parts).await?;
            self.minutes.stored();
        }
        loop {
            let parts = self.minutes.replacements(minute);
            if parts.is_empty() {
                return Ok(());
            }
            self.store.replace_stats(&self.source, &parts).await?;
            self.minutes.replaced(parts);
        }
    }

    /// Nothing was counted, and no minute of several parts is over.
    fn has_nothing_to_do(&self) -> bool {
        let is_over = self.latest.is_none_or(|(_, over)| over <= Instant::now());
        self.counts.is_empty()
            && !self.minutes.has_fresh()
            && !(is_over && self.minutes.is_scattered())
    }

    /// The minute of a time, and none before the latest. A clock that steps back, as that of another machine after a
    /// failover, would lead into a minute whose parts are replaced, and their numbers be used again.
    fn minute(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        let minute = self.latest.map_or(minute, |(latest, _)| latest.max(minute));
        let left = (minute + TimeDelta::minutes(1) - now).to_std().unwrap_or_default();
        self.latest = Some((minute, Instant::now() + left));
        minute
    }
}
