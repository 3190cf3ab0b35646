//! Schedules that people pause, and what resumes them: a person, or the end of the pause.

use std::{collections::BTreeMap, time::Duration};

use cascade_config::Schedule;
use cascade_model::{Pause, Payload, ScheduledStatus};
use cascade_store::{
    Connections, Queries, Result, ScheduleRow, StoreError, Tx, pause_over, paused,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Engine;

/// How many pauses are ended at a time.
const AT_ONCE: u32 = 500;

impl Engine {
    /// Resumes the schedules whose pause is over, those of a project in a transaction; returns how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_pauses(&self) -> Result<usize> {
        let mut projects = BTreeMap::<Uuid, Vec<String>>::new();
        for (job, project) in self.store.pauses_over(AT_ONCE).await? {
            projects.entry(project).or_default().push(job);
        }
        let mut resumed = 0;
        for (project, jobs) in projects {
            let mut tx = self.store.begin(Connections::Shared).await?;
            match end_pauses(&mut *tx, project, &jobs).await {
                Ok(jobs) => {
                    tx.commit().await?;
                    resumed += jobs.len();
                    tracing::info!(?jobs, %project, "the pause of these jobs is over");
                }
                Err(error) => {
                    tx.rollback().await.ok();
                    return Err(error);
                }
            }
        }
        Ok(resumed)
    }

    /// How long until the next pause is over; `None` when nothing is in sight.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_end_of_pause(&self) -> Result<Option<Duration>> {
        let next = self.store.next_end_of_pause().await?;
        Ok(next.map(|(end, now)| (end - now).max(TimeDelta::zero()).to_std().unwrap_or_default()))
    }
}

/// The jobs that are resumed: another process, or a person, may have been first.
async fn end_pauses(tx: &mut dyn Tx, project: Uuid, jobs: &[String]) -> Result<Vec<String>> {
    let mut resumed = Vec::new();
    for schedule in tx.lock_schedules(project, jobs).await? {
        let over = pause_over(schedule.id, schedule.now);
        if tx.execute(&over).await.map_err(StoreError::Query)? == 1 {
            resumed.push(set(schedule, ScheduledStatus::Active));
        }
    }
    tx.save_schedules(&resumed).await?;
    Ok(resumed.into_iter().map(|schedule| schedule.job_type).collect())
}

/// Stores what a person makes of schedules that are locked: `None` resumes them.
pub(crate) async fn save(
    tx: &mut dyn Tx,
    schedules: Vec<ScheduleRow>,
    pause: Option<&Pause>,
) -> Result<Vec<ScheduleRow>> {
    let status = pause.map_or(ScheduledStatus::Active, |_| ScheduledStatus::Paused);
    let rows: Vec<_> = schedules.into_iter().map(|schedule| set(schedule, status)).collect();
    tx.save_schedules(&rows).await?;
    if let Some(pause) = pause {
        for row in &rows {
            tx.execute(&paused(row.id, pause, row.now)).await.map_err(StoreError::Query)?;
        }
    }
    Ok(rows)
}

/// What a status that is set by itself means.
pub(crate) fn of_status(status: ScheduledStatus) -> Option<Pause> {
    (status == ScheduledStatus::Paused).then(Pause::default)
}

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
