use cascade_config::Schedule;
use cascade_model::{Payload, ScheduledStatus};
use cascade_store::ScheduleRow;
use chrono::{DateTime, Utc};

/// A schedule that a person pauses or resumes.
pub(crate) fn set(mut schedule: ScheduleRow, status: ScheduledStatus) -> ScheduleRow {
    let resumes = schedule.status == ScheduledStatus::Paused && status == ScheduledStatus::Active;
    // What has waited since before runs now.
    if resumes && schedule.payload == Payload::default() {
        let (timer, due) = (schedule.schedule.as_deref(), schedule.next_run_at);
        schedule.next_run_at = due_again(timer, due, schedule.now);
    }
    ScheduleRow { status, ..schedule }
}

/// When a job is due that was off, and for which nothing waits: at the next scheduled time. One that passed
/// meanwhile does not count.
pub(crate) fn due_again(
    timer: Option<&str>,
    due: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match (timer.and_then(Schedule::from_stored), due) {
        (Some(timer), Some(due)) => timer.resumed(due, now),
        _ => due,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::request::tests::schedule;

    #[test]
    fn a_time_that_passed_in_a_pause_counts_only_for_what_waits() {
        let now = schedule(None, None).now;
        let passed = Some(now - TimeDelta::minutes(20));
        let next = Some(now + TimeDelta::minutes(40));
        let due = |timer, payload: Option<Payload>| {
            let paused = schedule(timer, passed);
            let payload = payload.unwrap_or(paused.payload.clone());
            let resumed = set(ScheduleRow { payload, ..paused }, ScheduledStatus::Active);
            assert_eq!(resumed.status, ScheduledStatus::Active);
            resumed.next_run_at
        };
        assert_eq!(due(Some("every 1h"), Some(Payload::default())), next);
        assert_eq!(due(Some("every 1h"), None), passed, "a trigger waits");
        assert_eq!(due(None, Some(Payload::default())), passed, "a trigger made it due");
    }

    #[test]
    fn nothing_but_the_end_of_a_pause_changes_when_a_job_is_due() {
        let nothing_waits = ScheduleRow { payload: Payload::default(), ..schedule(None, None) };
        let passed = Some(nothing_waits.now - TimeDelta::minutes(20));
        for (before, after) in [
            (ScheduledStatus::Active, ScheduledStatus::Active),
            (ScheduledStatus::Active, ScheduledStatus::Paused),
            (ScheduledStatus::Paused, ScheduledStatus::Paused),
        ] {
            let row = ScheduleRow {
                status: before,
                schedule: Some("every 1h".into()),
                next_run_at: passed,
                ..nothing_waits.clone()
            };
            let set = set(row, after);
            assert_eq!((set.status, set.next_run_at), (after, passed));
        }
    }
}
