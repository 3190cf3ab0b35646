//! The wall clock, which is all that SQLite has and which may be set back at any time. What was to be due
//! soon would then lie far in the future.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use cascade_model::RunKind;

use super::{SqliteStore, tx};
use crate::{DueByClock, Result, Tx, of_kind::of_kind};

/// A smaller step back delays nothing by more than itself.
const STEP: Duration = Duration::from_secs(5);

/// What the wall clock showed when due times last followed it.
#[derive(Debug, Default)]
pub(super) struct WallClock(Mutex<Option<Shown>>);

#[derive(Debug, Clone, Copy)]
struct Shown {
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
    fn look(&self) -> (Shown, Option<SetBack>) {
        let now = Shown { wall: SystemTime::now(), at: Instant::now() };
        let before = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (now, set_back(before, now))
    }

    /// Whatever a clock that was set back had moved is in its place again.
    fn keep(&self, shown: Shown) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
    }
}

fn set_back(before: Option<Shown>, now: Shown) -> Option<SetBack> {
    let Some(before) = before else { return Some(SetBack::Unknown) };
    let expected = before.wall + now.at.saturating_duration_since(before.at);
    let by = expected.duration_since(now.wall).ok()?;
    (by > STEP).then_some(SetBack::By(by))
}

/// As [`Store::follow_clock`](crate::Store::follow_clock).
pub(super) async fn follow(store: &SqliteStore, due: &DueByClock) -> Result<()> {
    let (shown, set_back) = store.clock.look();
    if let Some(back) = set_back {
        catch_up(store, back, due).await?;
    }
    store.clock.keep(shown);
    Ok(())
}

/// Makes due in time what would be late because the clock was set back: schedules and runs that were
/// written at a later time than now.
pub(super) async fn catch_up(store: &SqliteStore, back: SetBack, due: &DueByClock) -> Result<()> {
    // All schedules are read for that: by a reader, so that the writer is free meanwhile.
    let ids = "SELECT id FROM scheduled_jobs
         WHERE next_run_at IS NOT NULL
           AND updated_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')";
    let ahead: Vec<String> = sqlx::query_scalar(ids).fetch_all(&store.read).await?;
    let mut tx = tx::begin(store).await?;
    let mut late = tx.schedules_ahead(ahead).await?;
    for row in &mut late {
        row.next_run_at = due(row);
    }
    tx.save_schedules(&late).await?;
    // A run that was queued later than now waits for nothing, unless it was asked for at a later time.
    let mut runs = 0;
    for kind in RunKind::ALL {
        let queued = sqlx::query(of_kind!(kind, "sql/queued_ahead.sql"));
        runs += queued.execute(tx.connection()).await?.rows_affected();
    }
    if let SetBack::By(by) = back {
        let by_seconds = format!("-{:.3} seconds", by.as_secs_f64());
        for kind in RunKind::ALL {
            let waiting = sqlx::query(of_kind!(kind, "sql/available_ahead.sql")).bind(&by_seconds);
            runs += waiting.execute(tx.connection()).await?.rows_affected();
        }
        let schedules = late.len();
        tracing::warn!(?by, schedules, runs, "the clock was set back; due times follow");
    }
    Box::new(tx).commit().await
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
