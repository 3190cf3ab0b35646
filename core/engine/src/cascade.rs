use std::collections::HashMap;

use cascade_model::{Debounce, Debounced, Explanation, ScheduledStatus, TriggerNote};
use cascade_store::ScheduleRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{due, joins::Opened};

/// A run that has ended.
pub(crate) struct Upstream {
    /// `None` where nobody knows.
    pub run_id: Option<Uuid>,
    pub job_type: String,
    pub project_id: Uuid,
    /// Every trace that it belongs to, its own first.
    pub traces: Vec<Uuid>,
    pub at: DateTime<Utc>,
}

impl Upstream {
    /// As the payload of what it triggers keeps it.
    pub fn note(&self) -> TriggerNote {
        TriggerNote { job_type: self.job_type.clone(), at: self.at, run_id: self.run_id }
    }
}

/// What an end leads to.
#[derive(Debug, Default)]
pub(crate) struct Cascade {
    /// Schedules as they are now.
    pub save: Vec<ScheduleRow>,
    /// Jobs that are due, in the order asked for.
    pub triggered: Vec<String>,
    /// Why others are not.
    pub skipped: Vec<(String, Skip)>,
    /// Runs that are to come.
    pub opened: Opened,
}

/// Makes jobs due, some once their triggers pause; `found` are those of them that are scheduled for the
/// project. Several triggers of a run that waits make one run, which names them all.
pub(crate) fn triggered(
    upstream: &Upstream,
    downstream: Vec<(String, Option<Debounce>)>,
    found: Vec<ScheduleRow>,
) -> Cascade {
    let mut rows: HashMap<_, _> =
        found.into_iter().map(|row| (row.job_type.clone(), row)).collect();
    let mut cascade = Cascade::default();
    for (job, debounce) in downstream {
        let row = rows.get_mut(&job);
        if let Some(why) = skip_reason(row.as_deref()) {
            cascade.skipped.push((job, why));
            continue;
        }
        if let Some(row) = row {
            for trace in row.payload.add_trigger_of(upstream.note(), &upstream.traces) {
                cascade.opened.add(trace, &job);
            }
            row.next_run_at = Some(due(row, debounce, upstream.at));
        }
        cascade.triggered.push(job);
    }
    rows.retain(|job, _| cascade.triggered.contains(job));
    cascade.save = rows.into_values().collect();
    cascade
}

/// When a schedule is due that is triggered now. A due time already past is left alone.
fn due(row: &mut ScheduleRow, debounce: Option<Debounce>, now: DateTime<Utc>) -> DateTime<Utc> {
    let known = row.next_run_at;
    let Some(rule) = debounce.filter(|_| known.is_none_or(|due| due > now)) else {
        return known.map_or(now, |due| due.min(now));
    };
    let schedule = row.schedule.clone();
    let first = Debounced { timer: known, schedule, ..Debounced::begun(&rule, now) };
    let waits = row.payload.debounced.get_or_insert(first);
    let due = waits.put_off(&rule, now);
    due::of_itself(row).map_or(due, |timer| timer.min(due))
}

/// Why nothing triggers a job, whatever its edges say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skip {
    NotScheduled,
    Disabled,
    Paused,
}

impl From<Skip> for Explanation {
    fn from(skip: Skip) -> Self {
        match skip {
            Skip::NotScheduled => {
                Self::new("not_scheduled", "it is not scheduled for this project")
            }
            Skip::Disabled => Self::new("disabled", "it is disabled in jobs.toml"),
            Skip::Paused => Self::new("paused", "it is paused"),
        }
    }
}

/// Why the end of a run does not trigger a job.
fn skip_reason(row: Option<&ScheduleRow>) -> Option<Skip> {
    why_not(row.map(|row| (row.enabled, row.status)))
}

/// Why nothing triggers a job whose schedule is enabled or not, and has this status; `None` is no schedule.
pub(crate) fn why_not(schedule: Option<(bool, ScheduledStatus)>) -> Option<Skip> {
    match schedule {
        None => Some(Skip::NotScheduled),
        Some((false, _)) => Some(Skip::Disabled),
        Some((true, ScheduledStatus::Paused)) => Some(Skip::Paused),
        Some((true, _)) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cascade_model::Payload;
    use chrono::TimeDelta;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-28T09:20:00Z".parse().unwrap()
    }

    fn upstream(job: &str) -> Upstream {
        let (run_id, project_id) = (Some(Uuid::from_u128(1)), Uuid::nil());
        let traces = vec![Uuid::from_u128(7)];
        Upstream { run_id, job_type: job.into(), project_id, traces, at: at() }
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

    fn at_once(jobs: &[&str]) -> Vec<(String, Option<Debounce>)> {
        jobs.iter().map(|&job| (job.into(), None)).collect()
    }

    #[test]
    fn a_trigger_makes_its_job_due_and_leaves_a_due_time_in_the_past_alone() {
        let hour = TimeDelta::hours(1);
        for (before, after) in
            [(None, at()), (Some(at() + hour), at()), (Some(at() - hour), at() - hour)]
        {
            let cascade = triggered(&upstream("up"), at_once(&["a"]), vec![row("a", before)]);
            assert_eq!(cascade.triggered, ["a"]);
            assert_eq!(cascade.save[0].next_run_at, Some(after));
            assert_eq!(cascade.save[0].payload.trace_id, Some(Uuid::from_u128(7)));
        }
    }

    #[test]
    fn triggers_of_a_run_that_waits_are_added() {
        let first = triggered(&upstream("x"), at_once(&["a"]), vec![row("a", None)]);
        let second = triggered(&upstream("y"), at_once(&["a"]), first.save);
        let payload = &second.save[0].payload;
        let jobs: Vec<_> = payload.triggers.iter().map(|note| note.job_type.as_str()).collect();
        assert_eq!(jobs, ["x", "y"]);
        assert_eq!(payload.cascade_triggered_by.as_ref().unwrap().job_type, "y");
    }

    #[test]
    fn what_may_not_start_is_skipped_and_said() {
        let paused = ScheduleRow { status: ScheduledStatus::Paused, ..row("paused", None) };
        let disabled = ScheduleRow { enabled: false, ..row("disabled", None) };
        let all = at_once(&["paused", "a", "ghost", "disabled"]);
        let cascade = triggered(&upstream("up"), all, vec![paused, row("a", None), disabled]);
        assert_eq!(cascade.triggered, ["a"]);
        assert_eq!(cascade.save.len(), 1, "the others are not touched");
        assert_eq!(
            cascade.skipped,
            [
                ("paused".to_owned(), Skip::Paused),
                ("ghost".to_owned(), Skip::NotScheduled),
                ("disabled".to_owned(), Skip::Disabled),
            ]
        );
    }

    /// When a schedule is due that was due at `due` and that these triggers, so many minutes later each, follow.
    fn debounced(due: Option<DateTime<Utc>>, minutes: &[i64]) -> ScheduleRow {
        let rule = Debounce { quiet: Duration::from_secs(120), at_most: Duration::from_secs(300) };
        minutes.iter().fold(row("a", due), |found, minute| {
            let upstream = Upstream { at: at() + TimeDelta::minutes(*minute), ..upstream("up") };
            let due = vec![("a".into(), Some(rule))];
            triggered(&upstream, due, vec![found]).save.remove(0)
        })
    }

    #[test]
    fn debounced_triggers_put_the_run_off_until_they_pause_or_it_has_waited_enough() {
        let minutes = |minutes| Some(at() + TimeDelta::minutes(minutes));
        for (before, triggers, after) in [
            (None, vec![0], minutes(2)),
            (None, vec![0, 1], minutes(3)),
            (None, vec![0, 1, 2, 3, 4], minutes(5)),
            (minutes(60), vec![0, 1], minutes(3)),
            // A timer that comes first starts it.
            (minutes(1), vec![0], minutes(1)),
            (minutes(-1), vec![0], minutes(-1)),
        ] {
            let found = debounced(before, &triggers);
            assert_eq!(found.next_run_at, after, "{triggers:?}");
            assert_eq!(found.payload.triggers.len(), triggers.len());
        }
        let found = triggered(&upstream("up"), at_once(&["a"]), vec![debounced(None, &[0])]);
        assert_eq!(found.save[0].next_run_at, Some(at()), "one that does not wait is not put off");
    }
}
