//! When a schedule is due next, once jobs.toml has changed.

use cascade_config::Schedule;
use cascade_store::schedules::{ScheduleRow, Settings};
use chrono::{DateTime, Utc};

use crate::pause;

/// When a job that is new in a project runs first. A timer that no other job triggers (`is_root`)
/// starts at once, so that a new installation has data; a cron line waits for its next time, and a job
/// without a schedule for a trigger.
pub(crate) fn first(
    schedule: Option<&Schedule>,
    is_root: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match schedule? {
        Schedule::Every(_) if is_root => Some(now),
        schedule => schedule.next_after(now),
    }
}

/// What a row becomes whose job has these settings now. A new schedule counts from now; what is due
/// already stays due, unless that time passed while the job was disabled and no trigger waits for it.
pub(crate) fn changed(row: ScheduleRow, settings: &Settings) -> ScheduleRow {
    let schedule = settings.schedule.as_deref();
    let mut due = row.next_run_at;
    if settings.enabled && !row.settings.enabled && !row.has_triggers {
        due = pause::due_again(schedule, due, row.now);
    }
    let stays =
        row.settings.schedule.as_deref() == schedule || due.is_some_and(|due| due <= row.now);
    if !stays {
        let schedule = schedule.and_then(Schedule::from_stored);
        let next = schedule.and_then(|schedule| schedule.next_after(row.now));
        // Triggers wait until they pause.
        let waits = due.filter(|_| row.has_triggers);
        due = waits.into_iter().chain(next).min();
    }
    ScheduleRow { settings: settings.clone(), next_run_at: due, ..row }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn now() -> DateTime<Utc> {
        "2026-11-28T09:20:00Z".parse().unwrap()
    }

    fn settings(schedule: Option<&str>, enabled: bool) -> Settings {
        let schedule = schedule.map(str::to_owned);
        Settings { schedule, enabled, max_attempts: 3, concurrency: None }
    }

    fn row(settings: Settings, next_run_at: Option<DateTime<Utc>>) -> ScheduleRow {
        let (id, job_type, now) = (Uuid::nil(), "job".into(), now());
        ScheduleRow { id, job_type, settings, next_run_at, has_triggers: false, now }
    }

    /// When a row that was due at `before` is due after its settings have changed from `old` to `new`.
    fn due(
        old: Settings,
        before: Option<DateTime<Utc>>,
        new: Settings,
        has_triggers: bool,
    ) -> Option<DateTime<Utc>> {
        let row = ScheduleRow { has_triggers, ..row(old, before) };
        let after = changed(row, &new);
        assert_eq!(after.settings, new, "whatever the due time is");
        after.next_run_at
    }

    #[test]
    fn a_new_timer_starts_at_once_unless_something_triggers_it() {
        let every = Schedule::Every(Duration::from_secs(3600));
        let cron = Schedule::cron("0 6 * * *", chrono_tz::UTC).unwrap();
        assert_eq!(first(Some(&every), true, now()), Some(now()));
        assert_eq!(first(Some(&every), false, now()), Some(now() + HOUR));
        let six = "2026-11-29T06:00:00Z".parse().unwrap();
        assert_eq!(first(Some(&cron), true, now()), Some(six));
        assert_eq!(first(None, true, now()), None);
    }

    #[test]
    fn a_new_schedule_counts_from_now_and_what_is_due_stays_due() {
        let (hour, minute) = (settings(Some("every 1h"), true), settings(Some("every 1m"), true));
        let ahead = Some(now() + HOUR / 2);
        let next = Some(now() + TimeDelta::minutes(1));
        assert_eq!(due(hour.clone(), ahead, minute.clone(), false), next);
        assert_eq!(due(hour.clone(), Some(now() - HOUR), minute, false), Some(now() - HOUR));
        assert_eq!(due(hour, ahead, settings(None, true), false), None, "left to triggers");
        let none = settings(None, true);
        assert_eq!(due(none, None, settings(Some("every 1h"), true), false), Some(now() + HOUR));
    }

    #[test]
    fn other_settings_leave_the_due_time_as_it_is() {
        let before = settings(Some("every 1h"), true);
        for at in [now() - HOUR, now() + HOUR] {
            let limited = Settings { concurrency: Some(2), max_attempts: 9, ..before.clone() };
            assert_eq!(due(before.clone(), Some(at), limited, false), Some(at));
            assert_eq!(
                due(before.clone(), Some(at), settings(Some("every 1h"), false), false),
                Some(at)
            );
        }
    }

    #[test]
    fn a_time_that_passed_while_the_job_was_disabled_does_not_count() {
        let (off, on) = (settings(Some("every 1h"), false), settings(Some("every 1h"), true));
        let passed = Some(now() - HOUR / 2);
        assert_eq!(due(off.clone(), passed, on.clone(), false), Some(now() + HOUR / 2));
        assert_eq!(due(off.clone(), passed, on, true), passed, "a trigger waits for it");
        let ahead = Some(now() + HOUR / 4);
        assert_eq!(due(off, ahead, settings(Some("every 1h"), true), false), ahead);
        let triggered = due(settings(None, false), passed, settings(None, true), false);
        assert_eq!(triggered, passed, "it has no schedule: a trigger made it due");
    }
}
