//! Keeps a run's log and progress, in small batches beside the run.
//!
//! Lines wait in a queue to be stored. Where the queue is full, or the run has all the lines that a run
//! may have, the latest lines stay and those before them are dropped: a mark in the log says how many.
//! Progress has a slot of its own, whose last value is always stored.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cascade_sdk::{Level, LogLine, Progress};
use serde_json::json;
use tokio::{runtime::Handle, sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Engine;
use cascade_bus::Backoff;
use cascade_model::border;
use cascade_store::Queries;

/// How long lines may wait to be stored together.
const BATCH_FOR: Duration = Duration::from_millis(200);
/// Lines stored in one commit, at most: SQLite's one writer is not held for long.
const BATCH: usize = 1_000;
/// Lines that may wait to be stored.
const QUEUE: usize = 10_000;
/// A plugin that logs in a loop must not fill the memory, bytes.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;
/// The latest lines that stay where others are dropped.
const LATEST: usize = 1_000;
/// The same, bytes.
const LATEST_BYTES: usize = 2 * 1024 * 1024;
/// Lines of a run that are stored while it runs; the latest come at its end.
const MOST: usize = border::LINES_PER_RUN - LATEST - 1;

/// Where a run's lines and progress are stored.
pub(super) struct Target {
    pub engine: Engine,
    pub run: Uuid,
    /// An earlier attempt may have written lines.
    pub may_have_begun: bool,
    /// Another attempt may be under way: progress is not ours to write.
    pub lost: CancellationToken,
    /// Set when the worker ends and the database stays away.
    pub giving_up: CancellationToken,
}

/// The run's side, which never blocks, and the writer's. Most runs say nothing: the writer starts with
/// the first line or progress.
pub(super) struct Recorder {
    shared: Arc<Shared>,
    writer: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    notes: Mutex<Notes>,
    /// There is something to store.
    more: Notify,
    /// There is capacity for more.
    capacity: Notify,
}

#[derive(Default)]
struct Notes {
    queue: Lines,
    /// Not empty only while the queue takes no more.
    latest: Lines,
    /// Lines that were dropped between the queue and the latest.
    dropped: usize,
    /// Lines that the queue has taken so far, and those of earlier attempts.
    taken: usize,
    progress: Option<Progress>,
    closed: bool,
}

/// Lines, and about how much memory they take.
#[derive(Default)]
struct Lines {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl Lines {
    fn push(&mut self, line: LogLine) {
        self.bytes += weight(&line);
        self.lines.push_back(line);
    }

    fn pop(&mut self) -> Option<LogLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= weight(&line);
        Some(line)
    }

    fn exceeds(&self, lines: usize, bytes: usize) -> bool {
        self.lines.len() > lines || self.bytes > bytes
    }
}

fn weight(line: &LogLine) -> usize {
    size_of::<LogLine>() + line.message.len() + 8 * border::weight(&line.fields)
}

impl Notes {
    /// Takes a line; how many others that cost their place.
    fn push(&mut self, line: LogLine) -> usize {
        let full = self.queue.exceeds(QUEUE - 1, QUEUE_BYTES) || self.taken >= MOST;
        if !full && self.latest.lines.is_empty() {
            self.taken += 1;
            self.queue.push(line);
            return 0;
        }
        self.latest.push(line);
        // The first mark takes the place of a line, which stays if there is none.
        if !self.latest.exceeds(LATEST + usize::from(self.dropped == 0), LATEST_BYTES) {
            return 0;
        }
        let before = self.dropped;
        while self.latest.exceeds(LATEST, LATEST_BYTES) && self.latest.pop().is_some() {
            self.dropped += 1;
        }
        self.dropped - before
    }

    /// Whether the latest lines are the last that the run may have: they are stored when it ends.
    fn latest_are_last(&self) -> bool {
        self.taken + self.latest.lines.len() >= MOST
    }

    /// Whether a program may go on to print: there is capacity, or never will be.
    fn has_room(&self) -> bool {
        let waits = self.queue.exceeds(QUEUE / 2, QUEUE_BYTES / 2) || !self.latest.lines.is_empty();
        !waits || self.latest_are_last() || self.closed
    }

    /// What is to be stored next. The latest lines follow once the queue is empty, at the end of the run
    /// if it has all the lines that it may have.
    fn batch(&mut self) -> (Vec<LogLine>, Option<Progress>) {
        let latest = !self.latest_are_last() || self.closed;
        if latest && self.queue.lines.len() < BATCH && !self.latest.lines.is_empty() {
            if self.dropped > 0 {
                self.queue.push(self.mark());
                (self.dropped, self.taken) = (0, self.taken + 1);
            }
            while let Some(line) = self.latest.pop() {
                self.taken += 1;
                self.queue.push(line);
            }
        }
        let mut lines = Vec::new();
        while lines.len() < BATCH
            && let Some(line) = self.queue.pop()
        {
            lines.push(line);
        }
        (lines, self.progress.take())
    }

    fn mark(&self) -> LogLine {
        let why = match self.latest_are_last() {
            true => format!("a run keeps at most {}", border::LINES_PER_RUN),
            false => "they came faster than they could be stored".into(),
        };
        LogLine {
            at: self.latest.lines.front().map_or_else(chrono::Utc::now, |line| line.at),
            level: Level::Warn,
            message: format!("{} log lines were dropped here: {why}", self.dropped),
            fields: json!({ "dropped": self.dropped }),
        }
    }
}

impl Recorder {
    /// Starts to write what a run tells.
    pub fn start(target: Target, runtime: &Handle) -> Self {
        let shared = Arc::<Shared>::default();
        Self { writer: runtime.spawn(write(target, shared.clone())), shared }
    }

    /// Keeps a line; how many others that cost their place.
    pub fn line(&self, line: LogLine) -> usize {
        let cost = self.shared.notes().push(line);
        self.shared.more.notify_one();
        cost
    }

    /// Keeps the progress, in the place of what was told before.
    pub fn progress(&self, progress: Progress) {
        self.shared.notes().progress = Some(progress);
        self.shared.more.notify_one();
    }

    /// Resolves when there is capacity for lines.
    pub fn capacity(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = self.shared.clone();
        async move {
            loop {
                let mut capacity = std::pin::pin!(shared.capacity.notified());
                capacity.as_mut().enable();
                if shared.notes().has_room() {
                    return;
                }
                capacity.await;
            }
        }
    }

    /// Waits until everything is written; `last` lines are kept whatever was dropped.
    pub async fn finish(self, last: Vec<LogLine>) {
        {
            let mut notes = self.shared.notes();
            notes.closed = true;
            for line in last {
                // Into the latest if there are some, so that the order stays.
                if notes.latest.lines.is_empty() {
                    notes.queue.push(line);
                } else {
                    notes.latest.push(line);
                }
            }
        }
        self.shared.more.notify_one();
        self.shared.capacity.notify_waiters();
        if self.writer.await.is_err() {
            tracing::error!("the log writer panicked");
        }
    }
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(target: Target, shared: Arc<Shared>) {
    if target.may_have_begun {
        match target.engine.store().count_logs(target.run).await {
            Ok(lines) => shared.notes().taken += usize::try_from(lines).unwrap_or(usize::MAX / 2),
            Err(error) => tracing::warn!(%error, run_id = %target.run, "log lines not counted"),
        }
    }
    loop {
        let (batch, closed) = {
            let mut notes = shared.notes();
            (notes.batch(), notes.closed)
        };
        shared.capacity.notify_waiters();
        let (lines, progress) = batch;
        if lines.is_empty() && progress.is_none() {
            if closed {
                return;
            }
            shared.more.notified().await;
            continue;
        }
        let full = lines.len() == BATCH;
        target.store(lines, progress).await;
        if !full && !closed {
            // What is told meanwhile goes together, unless the run ends.
            tokio::time::timeout(BATCH_FOR, shared.closed()).await.ok();
        }
    }
}

impl Shared {
    /// Until the run has ended.
    async fn closed(&self) {
        loop {
            let mut capacity = std::pin::pin!(self.capacity.notified());
            capacity.as_mut().enable();
            if self.notes().closed {
                return;
            }
            capacity.await;
        }
    }
}

impl Target {
    /// Stores a batch; while the database is away, again and again.
    async fn store(&self, lines: Vec<LogLine>, progress: Option<Progress>) {
        let run_id = self.run;
        let mut backoff = Backoff::default();
        loop {
            let progress = progress.clone().filter(|_| !self.lost.is_cancelled());
            let error = match self.engine.record(self.run, lines.clone(), progress).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if !error.may_pass() || self.giving_up.is_cancelled() {
                tracing::error!(%error, %run_id, lines = lines.len(), "log lines are not stored");
                return;
            }
            tracing::warn!(%error, %run_id, "log lines are not stored yet");
            tokio::select! {
                () = backoff.pause() => {}
                () = self.giving_up.cancelled() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored of a run that says so many lines, where the writer stores as many at a time and comes after so many.
    fn stored(said: usize, writer_after: usize) -> Vec<LogLine> {
        let mut notes = Notes::default();
        let mut stored = Vec::new();
        for nth in 0..said {
            let line = LogLine {
                at: chrono::DateTime::UNIX_EPOCH,
                level: Level::Info,
                message: nth.to_string(),
                fields: json!({}),
            };
            notes.push(line);
            if nth % writer_after == 0 {
                stored.extend(notes.batch().0);
            }
        }
        notes.closed = true;
        loop {
            let (lines, _) = notes.batch();
            if lines.is_empty() {
                return stored;
            }
            stored.extend(lines);
        }
    }

    fn dropped(lines: &[LogLine]) -> usize {
        let dropped = lines.iter().filter_map(|line| line.fields["dropped"].as_u64());
        dropped.sum::<u64>() as usize
    }

    #[test]
    fn a_run_has_all_lines_that_it_may_have_before_one_is_dropped() {
        let all = stored(border::LINES_PER_RUN, BATCH);
        assert_eq!((all.len(), dropped(&all)), (border::LINES_PER_RUN, 0));
        let more = stored(border::LINES_PER_RUN + 1, BATCH);
        assert_eq!((more.len(), dropped(&more)), (border::LINES_PER_RUN, 2));
        assert_eq!(more.last().unwrap().message, border::LINES_PER_RUN.to_string());
    }

    #[test]
    fn a_flood_leaves_no_more_than_a_run_may_have_and_says_how_many_are_missing() {
        for (said, writer_after) in [(400_000, 20_000), (150_000, 1_001), (120_000, 9_999)] {
            let lines = stored(said, writer_after);
            assert!(lines.len() <= border::LINES_PER_RUN, "{}", lines.len());
            let marks = lines.iter().filter(|line| line.level == Level::Warn).count();
            assert_eq!(lines.len() - marks + dropped(&lines), said);
        }
    }
}
