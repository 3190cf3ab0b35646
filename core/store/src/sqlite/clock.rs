//! The wall clock, which is all that SQLite has and which may be set back at any time. What was to be due
//! soon would then lie far in the future.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Row, Sqlite, SqlitePool, Transaction};

use super::now;
use crate::Result;
use cascade_config::Schedule;

/// A smaller step back delays nothing by more than itself.
const STEP: Duration = Duration::from_secs(5);

/// What the wall clock showed when something was last claimed.
#[derive(Debug, Default)]
pub(super) struct WallClock(Mutex<Option<Shown>>);

#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    wall: SystemTime,
    at: Instant,
}

/// By how much the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetBack {
    By(Duration),
    /// The process has just started.
    Unknown,
}

impl WallClock {
    /// What the clock shows, and whether it was set back since [`keep`](Self::keep) was called.
    pub fn look(&self) -> (Shown, Option<SetBack>) {
        let now = Shown { wall: SystemTime::now(), at: Instant::now() };
        let before = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (now, set_back(before, now))
    }

    /// Whatever a clock that was set back had moved is in its place again.
    pub fn keep(&self, shown: Shown) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
    }
}

fn set_back(before: Option<Shown>, now: Shown) -> Option<SetBack> {
    let Some(before) = before else { return Some(SetBack::Unknown) };
    let expected = before.wall + now.at.saturating_duration_since(before.at);
    let by = expected.duration_since(now.wall).ok()?;
    (by > STEP).then_some(SetBack::By(by))
}

/// Ids of the schedules that were written at a later time than now. All schedules are read for that: by
/// a reader, so that the writer is free meanwhile.
pub(super) async fn written_ahead(read: &SqlitePool) -> Result<Vec<String>> {
    let ids = "SELECT id FROM scheduled_jobs
         WHERE next_run_at IS NOT NULL
           AND updated_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')";
    Ok(sqlx::query_scalar(ids).fetch_all(read).await?)
}

/// Makes due in time what would be late because the clock was set back: the schedules `ahead`, and runs.
pub(super) async fn catch_up(
    tx: &mut Transaction<'static, Sqlite>,
    back: SetBack,
    ahead: &[String],
) -> Result<()> {
    let late = sqlx::query(concat!(
        "SELECT id, schedule, next_run_at, payload, ",
        now!(),
        " AS now FROM scheduled_jobs
         WHERE next_run_at IS NOT NULL AND id IN (SELECT value FROM json_each($1))
           AND updated_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')",
    ))
    .bind(ahead.iter().map(String::as_str).collect::<Value>().to_string())
    .fetch_all(&mut **tx)
    .await?;
    for found in &late {
        let now: DateTime<Utc> = found.try_get("now")?;
        let schedule: Option<String> = found.try_get("schedule")?;
        let by_schedule = match schedule.as_deref().and_then(Schedule::from_stored) {
            // A trigger waits for its run: it was due when it came.
            Some(_) if found.try_get::<&str, _>("payload")? != "{}" => Some(now),
            Some(schedule) => schedule.next_after(now),
            None => Some(now),
        };
        let next: DateTime<Utc> = found.try_get("next_run_at")?;
        sqlx::query("UPDATE scheduled_jobs SET next_run_at = $2, updated_at = $3 WHERE id = $1")
            .bind(found.try_get::<String, _>("id")?)
            .bind(cascade_sdk::rfc3339(by_schedule.map_or(next, |at| at.min(next))))
            .bind(cascade_sdk::rfc3339(now))
            .execute(&mut **tx)
            .await?;
    }
    // A run that was queued later than now waits for nothing.
    let queued = sqlx::query(concat!(
        "UPDATE worker_runs SET available_at = ",
        now!(),
        " WHERE state IN ('available', 'retryable') AND available_at > ",
        now!(),
        " AND max(queued_at, coalesce(started_at, queued_at))
              > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')",
    ))
    .execute(&mut **tx)
    .await?;
    let mut runs = queued.rows_affected();
    if let SetBack::By(by) = back {
        let waiting = sqlx::query(concat!(
            "UPDATE worker_runs
             SET available_at = max(strftime('%Y-%m-%dT%H:%M:%fZ', available_at, $1), ",
            now!(),
            ") WHERE state IN ('available', 'retryable') AND available_at > ",
            now!(),
        ))
        .bind(format!("-{:.3} seconds", by.as_secs_f64()))
        .execute(&mut **tx)
        .await?;
        runs += waiting.rows_affected();
        tracing::warn!(
            ?by,
            schedules = late.len(),
            runs,
            "the clock was set back; due times follow"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_one_that_runs_or_jumps_ahead_is_not() {
        let start = Shown { wall: SystemTime::now(), at: Instant::now() };
        let after = |wall: i64, passed: u64| {
            let step = Duration::from_secs(wall.unsigned_abs());
            let wall = if wall < 0 { start.wall - step } else { start.wall + step };
            set_back(Some(start), Shown { wall, at: start.at + Duration::from_secs(passed) })
        };
        assert_eq!(set_back(None, start), Some(SetBack::Unknown));
        assert_eq!(after(60, 60), None);
        assert_eq!(after(7260, 60), None);
        assert_eq!(after(57, 60), None, "a step that a time server makes");
        assert_eq!(after(-7140, 60), Some(SetBack::By(Duration::from_secs(7200))));
    }
}
