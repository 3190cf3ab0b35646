use cascade_config::Schedule;
use chrono::{DateTime, Utc};

/// When a job that was off is due next: at its next scheduled time, unless a trigger or a request
/// (`payload`) waits for it since before.
pub(super) fn due_after_pause(
    schedule: Option<&str>,
    due: Option<DateTime<Utc>>,
    payload: &str,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match (schedule.and_then(Schedule::from_stored), due) {
        (Some(schedule), Some(due)) if payload == "{}" => schedule.resumed(due, now),
        _ => due,
    }
}
