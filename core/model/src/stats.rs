//! Figures of runs by minute: how many ended and how, how long they waited and took, how much waited.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Times, Visible};

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatKind {
    /// Runs that have succeeded, by how long their last attempt took.
    Completed,
    /// Runs that have failed for good, by how long their last attempt took.
    Failed,
    /// Runs that were cancelled, by how long their last attempt took; those that never began as 0.
    Cancelled,
    /// Runs that ended at their first attempt, by how long they had waited for it.
    Wait,
    /// Runs that waited when they were counted.
    Waiting,
    /// Runs that ran when they were counted.
    Running,
    /// How often runs that wait were counted; of no job.
    Samples,
}

impl StatKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Wait,
        Self::Waiting,
        Self::Running,
        Self::Samples,
    ];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Wait => "wait",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Samples => "samples",
        }
    }
}

impl FromStr for StatKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// The most cells of a [`StatPart`], and of one statement that writes some.
pub const MOST_CELLS: usize = 5_000;

/// What is counted of a job within a minute, apart from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatKey {
    /// The project.
    pub project_id: Uuid,
    /// What is counted.
    pub kind: StatKind,
    /// Of times: see [`bucket`](crate::bucket).
    pub bucket: u16,
}

/// A number of runs, and how long they took together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Of all of them.
    pub micros: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.micros = self.micros.saturating_add(other.micros);
    }
}

/// A row of figures, as one process writes it: a part of what it has counted of a job within a minute. The figures of
/// all its parts add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatPart {
    /// The minute.
    pub minute: DateTime<Utc>,
    /// The job type.
    pub job_type: String,
    /// Its number among those of the process, the job and the minute.
    pub part: u32,
    /// How much of what; at most [`MOST_CELLS`].
    pub cells: Vec<(StatKey, Tally)>,
}

/// Which figures are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct StatFilter {
    /// What may be seen.
    pub visible: Visible,
    /// Only this job type.
    pub job_type: Option<String>,
    /// Only what this worker has run; of the last two days.
    pub worker: Option<String>,
    /// From this minute.
    pub from: DateTime<Utc>,
    /// Up to this minute, without it.
    pub to: DateTime<Utc>,
}

/// Figures of some time, of one job or project, or of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Runs that succeeded.
    pub completed: u64,
    /// Runs that failed for good.
    pub failed: u64,
    /// Runs that were cancelled.
    pub cancelled: u64,
    /// How long runs waited that ended at their first attempt.
    pub wait: Times,
    /// How long the last attempts took of runs that succeeded or failed.
    pub duration: Times,
    /// Runs that waited, over all counts.
    waiting: u64,
    /// Runs that ran, over all counts.
    running: u64,
    /// How often that was counted.
    samples: u64,
}

impl Figures {
    /// Adds a number of runs.
    pub fn add(&mut self, kind: StatKind, bucket: u16, Tally { runs, micros }: Tally) {
        let sum = Duration::from_micros(micros);
        match kind {
            StatKind::Completed => self.completed += runs,
            StatKind::Failed => self.failed += runs,
            StatKind::Cancelled => self.cancelled += runs,
            StatKind::Wait => self.wait.add(bucket, runs, sum),
            StatKind::Waiting => self.waiting += runs,
            StatKind::Running => self.running += runs,
            StatKind::Samples => self.samples += runs,
        }
        if matches!(kind, StatKind::Completed | StatKind::Failed) {
            self.duration.add(bucket, runs, sum);
        }
    }

    /// Adds those of another time.
    pub fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.wait.merge(&other.wait);
        self.duration.merge(&other.duration);
        self.waiting += other.waiting;
        self.running += other.running;
        self.samples += other.samples;
    }

    /// Takes over how often was counted what waits.
    pub fn sampled_as(&mut self, other: &Self) {
        self.samples = other.samples;
    }

    /// Runs that waited and runs that ran, on average; `None` where none were counted.
    pub fn depth(&self) -> Option<(f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "a mean of so many is not that precise")]
        let mean = |sum: u64| sum as f64 / self.samples as f64;
        (self.samples > 0).then(|| (mean(self.waiting), mean(self.running)))
    }

    /// Runs that ended.
    pub fn ended(&self) -> u64 {
        self.completed + self.failed + self.cancelled
    }
}

/// By what figures are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatGroup {
    /// The job type.
    Job,
    /// The project, by its short name.
    Project,
    /// The worker that has run them, by its name; of the last two days.
    Worker,
}

/// A process whose figures are those of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatWorker {
    /// The worker's name.
    pub worker: String,
    /// The machine that it runs or ran on.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_stored() {
        for kind in StatKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("other".parse::<StatKind>(), Err(()));
    }

    #[test]
    fn durations_are_those_of_runs_that_had_a_result_and_depths_are_means() {
        let mut figures = Figures::default();
        let of = |runs| Tally { runs, micros: runs * 1000 };
        figures.add(StatKind::Completed, 1, of(3));
        figures.add(StatKind::Failed, 2, of(1));
        figures.add(StatKind::Cancelled, 0, of(5));
        figures.add(StatKind::Wait, 4, of(4));
        assert_eq!((figures.ended(), figures.duration.count(), figures.wait.count()), (9, 4, 4));
        assert_eq!(figures.depth(), None);
        figures.add(StatKind::Samples, 0, of(4));
        figures.add(StatKind::Waiting, 0, of(10));
        assert_eq!(figures.depth(), Some((2.5, 0.0)));
    }
}
