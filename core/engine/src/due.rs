use cascade_config::Schedule;
use cascade_model::Payload;
use cascade_store::{Inserted, LeftJob, NewRun, Result, ScheduleRow, Tx};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::made;

/// The most schedules that one claim turns into runs.
const AT_ONCE: u32 = 500;

/// Turns due schedules into runs that wait, at most one unfinished run each. This worker takes them itself, but for those
/// of jobs that it leaves to others: these are told.
pub(crate) async fn fire(tx: &mut dyn Tx, left: &[LeftJob]) -> Result<()> {
    let due = tx.due_schedules(AT_ONCE).await?;
    let (runs, fired): (Vec<_>, Vec<_>) = due.into_iter().map(run).unzip();
    let wake = runs.iter().any(|run| left.iter().any(|left| left.job == run.job_type));
    let inserted = tx.insert_runs(&runs, wake).await?;
    for (run, _) in runs.iter().zip(&inserted).filter(|(_, made)| **made == Inserted::Made) {
        made::keep_beside(tx, run.id, &run.payload).await?;
    }
    // Where another process was first with a run, the schedule waits for the end of that.
    let made = fired.into_iter().zip(inserted).filter(|(_, run)| *run == Inserted::Made);
    let made: Vec<_> = made.map(|(row, _)| row).collect();
    tx.save_schedules(&made).await
}

/// The run that a due schedule becomes, and the schedule after that. However many triggers have waited,
/// this run serves them all.
pub(crate) fn run(mut row: ScheduleRow) -> (NewRun, ScheduleRow) {
    let mut payload = std::mem::take(&mut row.payload);
    payload.due(row.next_run_at);
    payload.debounced = None;
    let run = NewRun {
        id: Uuid::now_v7(),
        job_type: row.job_type.clone(),
        project_id: row.project_id,
        max_attempts: row.max_attempts,
        payload,
    };
    row.next_run_at = timer(&row).and_then(|timer| timer.next_after(row.now));
    (run, row)
}

/// When a schedule is due that was written while the clock was ahead of `row.now`: no later than it would be
/// if it were written now. What a trigger or a request waits for was due when that came.
pub(crate) fn after_clock_was_ahead(row: &ScheduleRow) -> Option<DateTime<Utc>> {
    let next = match timer(row) {
        Some(timer) if row.payload == Payload::default() => timer.next_after(row.now),
        _ => Some(row.now),
    };
    row.next_run_at.into_iter().chain(next).min()
}

/// When a schedule is due by itself whose triggers have not paused yet; its timer may have changed meanwhile.
pub(crate) fn of_itself(row: &ScheduleRow) -> Option<DateTime<Utc>> {
    match &row.payload.debounced {
        Some(waits) if waits.schedule == row.schedule => waits.timer,
        Some(_) => timer(row).and_then(|timer| timer.next_after(row.now)),
        None => row.next_run_at,
    }
}

fn timer(row: &ScheduleRow) -> Option<Schedule> {
    row.schedule.as_deref().and_then(Schedule::from_stored)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::request::tests::schedule;

    fn of_timer(schedule: ScheduleRow) -> ScheduleRow {
        ScheduleRow { payload: Payload::default(), ..schedule }
    }

    #[test]
    fn a_due_schedule_becomes_one_run_of_all_its_triggers() {
        let due = schedule(Some("every 1h"), None);
        let (run, after) = run(due.clone());
        assert_eq!((run.job_type, run.project_id), (due.job_type, due.project_id));
        assert_eq!((run.payload, run.max_attempts), (due.payload, due.max_attempts));
        assert_eq!(after.payload, Payload::default(), "the next run has causes of its own");
    }

    #[test]
    fn it_is_due_again_at_its_next_time_counted_from_now() {
        let late = schedule(None, None).now - TimeDelta::hours(5);
        for (timer, next) in [
            (Some("every 1h"), Some("2026-11-28T10:20:00Z")),
            (Some("cron 0 6 * * * Europe/Berlin"), Some("2026-11-29T05:00:00Z")),
            (None, None),
        ] {
            let (_, after) = run(schedule(timer, Some(late)));
            assert_eq!(after.next_run_at, next.map(|at| at.parse().unwrap()), "{timer:?}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_makes_nothing_late() {
        let (hour, now) = (TimeDelta::hours(1), schedule(None, None).now);
        let due = |row| after_clock_was_ahead(&row).unwrap() - now;
        let ahead = Some(now + hour * 3);
        assert_eq!(due(of_timer(schedule(Some("every 1h"), ahead))), hour);
        assert_eq!(due(schedule(Some("every 1h"), ahead)), TimeDelta::zero(), "a trigger waits");
        assert_eq!(
            due(schedule(None, ahead)),
            TimeDelta::zero(),
            "it has no timer: a trigger waits"
        );
        assert_eq!(due(of_timer(schedule(Some("every 1h"), Some(now - hour)))), -hour);
    }
}
