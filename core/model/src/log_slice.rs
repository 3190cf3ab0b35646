use chrono::{DateTime, TimeDelta, Utc};

use crate::FailedAttempt;

/// A line may be stamped so long after the end of its attempt: the clocks of workers are not that of the database.
const AFTER_THE_END: TimeDelta = TimeDelta::seconds(1);

/// From when and up to when the lines of an attempt were written; `None` is without an end. `latest` is the run's
/// latest attempt, and when it began. A line belongs to the attempt after the latest failure before it; the pause
/// between two attempts is shared between them.
pub fn log_slice(
    latest: (u32, Option<DateTime<Utc>>),
    failed: &[FailedAttempt],
    attempt: u32,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let began = |attempt: u32| match failed.iter().find(|row| row.attempt == attempt) {
        Some(row) => row.started_at,
        None => latest.1.filter(|_| latest.0 == attempt),
    };
    let over = |row: &FailedAttempt| {
        let half = began(row.attempt + 1).map(|next| (next - row.ended_at) / 2);
        row.ended_at + half.unwrap_or(AFTER_THE_END).clamp(TimeDelta::zero(), AFTER_THE_END)
    };
    let before = failed.iter().filter(|row| row.attempt < attempt).max_by_key(|row| row.attempt);
    let own = failed.iter().find(|row| row.attempt == attempt && attempt < latest.0);
    (before.map(over), own.map(over))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn failed(attempt: u32, started: i64, ended: i64) -> FailedAttempt {
        let (started_at, ended_at) = (Some(at(started)), at(ended));
        FailedAttempt { attempt, started_at, ended_at, error: String::new(), worker: "w".into() }
    }

    #[test]
    fn each_line_belongs_to_one_attempt() {
        let attempts = [failed(1, 10, 20), failed(2, 50, 60)];
        let latest = (3, Some(at(60)));
        assert_eq!(log_slice(latest, &attempts, 1), (None, Some(at(21))));
        assert_eq!(log_slice(latest, &attempts, 2), (Some(at(21)), Some(at(60))));
        assert_eq!(log_slice(latest, &attempts, 3), (Some(at(60)), None));
    }

    #[test]
    fn the_last_attempt_has_all_that_comes() {
        assert_eq!(log_slice((1, Some(at(10))), &[], 1), (None, None));
        assert_eq!(log_slice((1, Some(at(10))), &[failed(1, 10, 20)], 1), (None, None));
        // Failed before attempts were kept.
        assert_eq!(log_slice((3, Some(at(50))), &[failed(3, 50, 60)], 2), (None, None));
    }
}
