//! Failed runs, grouped by error.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::{RunState, border};

/// Characters of an error that tell its kind; what follows is mostly output.
const TELLING: usize = 400;
/// Bytes of an error that are kept with a problem.
const SAMPLE: usize = 2048;

/// A run has failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The same for all failures of one kind.
    pub fingerprint: String,
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// The run.
    pub run_id: Uuid,
    /// The error, shortened.
    pub error: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Failure {
    /// Of a run that ended with `error`.
    pub fn new(
        (job_type, project_id): (&str, Uuid),
        run_id: Uuid,
        error: &str,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            fingerprint: fingerprint(error),
            job_type: job_type.into(),
            project_id,
            run_id,
            error: border::capped(error.into(), SAMPLE),
            at,
        }
    }

    /// The hour it belongs to.
    pub fn hour(&self) -> DateTime<Utc> {
        self.at.duration_trunc(TimeDelta::hours(1)).unwrap_or(self.at)
    }
}

/// What errors of one kind have in common, as 32 hexadecimal digits: their beginning without the words
/// that have digits in them (numbers, ids, times, addresses), which differ from run to run.
pub fn fingerprint(error: &str) -> String {
    let mut shape = String::new();
    let beginning: String = error.chars().take(TELLING).collect();
    for word in beginning.split_whitespace() {
        // Punctuation stands between what changes and what does not: `port=5432:`.
        for part in word.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let (text, mark) = match part.char_indices().last() {
                Some((at, last)) if !last.is_alphanumeric() => part.split_at(at),
                _ => (part, ""),
            };
            let changes = text.contains(|c: char| c.is_ascii_digit());
            shape.push_str(if changes { "0" } else { text });
            shape.push_str(mark);
        }
        shape.push(' ');
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, shape.as_bytes()).simple().to_string()
}

/// How people have marked a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemState {
    /// Not marked, or it has occurred again since.
    Open,
    /// Hidden for a while.
    Muted,
    /// Handled, and it has not occurred again.
    Handled,
}

/// A kind of failure in one job and project.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProblemPlace {
    /// The kind.
    pub fingerprint: String,
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// That project's short name.
    pub project_slug: String,
    /// The newest error, shortened.
    pub error: String,
    /// The newest run.
    pub run_id: Uuid,
    /// Failed runs.
    pub runs: u64,
    /// The first failure.
    pub first_seen: DateTime<Utc>,
    /// The newest failure.
    pub last_seen: DateTime<Utc>,
    /// Hidden until then.
    pub muted_until: Option<DateTime<Utc>>,
    /// When it was marked as handled.
    pub handled_at: Option<DateTime<Utc>>,
    /// How the latest ended run of the job in the project ended.
    pub last_state: RunState,
}

/// A kind of failure over jobs and projects.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Where it was seen, the newest first; never nowhere.
    pub places: Vec<ProblemPlace>,
    /// Failed runs of each of the last 24 hours, the oldest first.
    pub trend: [u64; 24],
}

impl Problem {
    /// Places of several kinds, newest first, as problems in the same order.
    pub fn grouped(places: Vec<ProblemPlace>) -> Vec<Self> {
        let mut problems: Vec<Self> = Vec::new();
        for place in places {
            let known = problems.iter_mut().find(|one| one.fingerprint() == place.fingerprint);
            match known {
                Some(problem) => problem.places.push(place),
                None => problems.push(Self { places: vec![place], trend: [0; 24] }),
            }
        }
        problems
    }

    /// Its kind.
    pub fn fingerprint(&self) -> &str {
        self.places.first().map_or("", |place| &place.fingerprint)
    }

    /// How many of its places have not succeeded since.
    pub fn failing(&self) -> usize {
        self.places.iter().filter(|place| place.last_state == RunState::Failed).count()
    }
}

/// What needs attention, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attention {
    /// Kinds of failures that are open.
    pub problems: u64,
    /// Jobs in projects whose latest run failed with one of these.
    pub failing: u64,
    /// Schedules that have been due for minutes and have no run.
    pub late: u64,
    /// Runs that could have started minutes ago.
    pub stuck: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ids_and_times_make_no_other_kind() {
        let one = "source `news`: https://h/feed/12 answered 503 at 2026-01-05T10:00:00Z";
        let other = "source `news`: https://h/feed/7 answered 503 at 2026-02-07T11:30:00Z";
        assert_eq!(fingerprint(one), fingerprint(other));
        let run = "run 01a22419-2bca-7120-b01a-4ce35bed7959 timed out after 30 s";
        assert_eq!(fingerprint(run), fingerprint(&run.replace("01a22419", "ffa22410")));
        assert_ne!(fingerprint(one), fingerprint(&one.replace("news", "mail")));
        assert_ne!(fingerprint("connection refused"), fingerprint("connection reset"));
    }

    #[test]
    fn only_the_beginning_tells_the_kind() {
        let long = |end: &str| format!("{}{end}", "exit status: the tool said much; ".repeat(20));
        assert_eq!(fingerprint(&long("a")), fingerprint(&long("b")));
        assert_eq!(fingerprint(" a  b\n"), fingerprint("a b"));
    }

    #[test]
    fn places_of_one_kind_are_one_problem() {
        let place = |kind: &str, job: &str, last_state| ProblemPlace {
            fingerprint: kind.into(),
            job_type: job.into(),
            project_id: Uuid::nil(),
            project_slug: "demo".into(),
            error: String::new(),
            run_id: Uuid::nil(),
            runs: 1,
            first_seen: DateTime::UNIX_EPOCH,
            last_seen: DateTime::UNIX_EPOCH,
            muted_until: None,
            handled_at: None,
            last_state,
        };
        let places = vec![
            place("x", "a", RunState::Failed),
            place("y", "a", RunState::Completed),
            place("x", "b", RunState::Completed),
        ];
        let problems = Problem::grouped(places);
        let found = |at: usize| (problems[at].fingerprint(), problems[at].places.len());
        assert_eq!((problems.len(), found(0), found(1)), (2, ("x", 2), ("y", 1)));
        assert_eq!((problems[0].failing(), problems[1].failing()), (1, 0));
    }
}
