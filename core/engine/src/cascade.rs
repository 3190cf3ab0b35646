use std::collections::HashMap;

use cascade_model::{ScheduledStatus, TriggerNote};
use cascade_store::ScheduleRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A run that has ended.
pub(crate) struct Upstream {
    pub run_id: Uuid,
    pub job_type: String,
    pub trace_id: Uuid,
    pub at: DateTime<Utc>,
}

/// What an end leads to.
#[derive(Debug, Default)]
pub(crate) struct Cascade {
    /// Schedules as they are now.
    pub save: Vec<ScheduleRow>,
    /// Jobs that are due, in the order asked for.
    pub triggered: Vec<String>,
    /// Why others are not.
    pub skipped: Vec<(String, &'static str)>,
}

/// Makes `downstream` due; `found` are those of them that are scheduled for the project. Several triggers
/// of a run that waits make one run, which names them all.
pub(crate) fn triggered(
    upstream: &Upstream,
    downstream: Vec<String>,
    found: Vec<ScheduleRow>,
) -> Cascade {
    let mut rows: HashMap<_, _> =
        found.into_iter().map(|row| (row.job_type.clone(), row)).collect();
    let mut cascade = Cascade::default();
    for job in downstream {
        let row = rows.get_mut(&job);
        if let Some(why) = skip_reason(row.as_deref()) {
            cascade.skipped.push((job, why));
            continue;
        }
        if let Some(row) = row {
            let job_type = upstream.job_type.clone();
            let note = TriggerNote { job_type, at: upstream.at, run_id: Some(upstream.run_id) };
            row.payload.add_trigger(note, upstream.trace_id);
            // A due time already past is left alone.
            row.next_run_at = Some(row.next_run_at.map_or(upstream.at, |due| due.min(upstream.at)));
        }
        cascade.triggered.push(job);
    }
    rows.retain(|job, _| cascade.triggered.contains(job));
    cascade.save = rows.into_values().collect();
    cascade
}

/// Why the end of a run does not trigger a job.
fn skip_reason(row: Option<&ScheduleRow>) -> Option<&'static str> {
    match row {
        None => Some("it is not scheduled for this project"),
        Some(row) if !row.enabled => Some("it is disabled in jobs.toml"),
        Some(row) if row.status == ScheduledStatus::Paused => Some("it is paused"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use cascade_model::Payload;
    use chrono::TimeDelta;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-28T09:20:00Z".parse().unwrap()
    }

    fn upstream(job: &str) -> Upstream {
        let trace_id = Uuid::from_u128(7);
        Upstream { run_id: Uuid::from_u128(1), job_type: job.into(), trace_id, at: at() }
    }

    fn row(job: &str, due: Option<DateTime<Utc>>) -> ScheduleRow {
        ScheduleRow {
            id: Uuid::now_v7(),
            job_type: job.into(),
            project_id: Uuid::nil(),
            status: ScheduledStatus::Active,
            enabled: true,
            schedule: None,
            max_attempts: 3,
            next_run_at: due,
            payload: Payload::default(),
            now: at(),
        }
    }

    #[test]
    fn a_trigger_makes_its_job_due_and_leaves_a_due_time_in_the_past_alone() {
        let hour = TimeDelta::hours(1);
        for (before, after) in
            [(None, at()), (Some(at() + hour), at()), (Some(at() - hour), at() - hour)]
        {
            let cascade = triggered(&upstream("up"), vec!["a".into()], vec![row("a", before)]);
            assert_eq!(cascade.triggered, ["a"]);
            assert_eq!(cascade.save[0].next_run_at, Some(after));
            assert_eq!(cascade.save[0].payload.trace_id, Some(Uuid::from_u128(7)));
        }
    }

    #[test]
    fn triggers_of_a_run_that_waits_are_added() {
        let first = triggered(&upstream("x"), vec!["a".into()], vec![row("a", None)]);
        let second = triggered(&upstream("y"), vec!["a".into()], first.save);
        let payload = &second.save[0].payload;
        let jobs: Vec<_> = payload.triggers.iter().map(|note| note.job_type.as_str()).collect();
        assert_eq!(jobs, ["x", "y"]);
        assert_eq!(payload.cascade_triggered_by.as_ref().unwrap().job_type, "y");
    }

    #[test]
    fn what_may_not_start_is_skipped_and_said() {
        let paused = ScheduleRow { status: ScheduledStatus::Paused, ..row("paused", None) };
        let disabled = ScheduleRow { enabled: false, ..row("disabled", None) };
        let all = ["paused", "a", "ghost", "disabled"].map(String::from).to_vec();
        let cascade = triggered(&upstream("up"), all, vec![paused, row("a", None), disabled]);
        assert_eq!(cascade.triggered, ["a"]);
        assert_eq!(cascade.save.len(), 1, "the others are not touched");
        assert_eq!(
            cascade.skipped,
            [
                ("paused".to_owned(), "it is paused"),
                ("ghost".to_owned(), "it is not scheduled for this project"),
                ("disabled".to_owned(), "it is disabled in jobs.toml"),
            ]
        );
    }
}
