use cascade_model::Payload;
use cascade_store::{NewRun, Result, ScheduleRow, StoreError};
use uuid::Uuid;

use crate::due;

/// Why nothing is started of a job.
pub(crate) const JOB_IS_OFF: &str =
    "jobs.toml disables this job, or no longer names it for this project";

/// The run that serves a request, and with it all that waits for the next run of its job.
///
/// # Errors
/// [`StoreError::WrongState`] for a job that jobs.toml disables. One that is paused takes requests.
pub(crate) fn run(schedule: &ScheduleRow) -> Result<NewRun> {
    if !schedule.enabled {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    let mut payload = schedule.payload.clone();
    payload.add_request(schedule.now);
    payload.debounced = None;
    Ok(NewRun {
        id: Uuid::now_v7(),
        job_type: schedule.job_type.clone(),
        project_id: schedule.project_id,
        max_attempts: schedule.max_attempts,
        payload,
    })
}

/// The schedule once that run is made: nothing waits for the next one, and a timer goes on.
pub(crate) fn served(schedule: &ScheduleRow) -> ScheduleRow {
    let stays = |due: &_| schedule.schedule.is_some() || *due > schedule.now;
    // What waited for its triggers to pause is served as well.
    let next_run_at = due::of_itself(schedule).filter(stays);
    ScheduleRow { next_run_at, payload: Payload::default(), ..schedule.clone() }
}

/// The schedule where that run is not made, as another one is under way: its causes wait for the end of
/// that.
pub(crate) fn postponed(schedule: &ScheduleRow, run: NewRun) -> ScheduleRow {
    let now = schedule.now;
    let next_run_at = Some(schedule.next_run_at.map_or(now, |due| due.min(now)));
    ScheduleRow { next_run_at, payload: run.payload, ..schedule.clone() }
}

#[cfg(test)]
pub(crate) mod tests {
    use cascade_model::{Debounced, ScheduledStatus, TriggerNote};
    use cascade_sdk::Trigger;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn now() -> DateTime<Utc> {
        "2026-11-28T09:20:00Z".parse().unwrap()
    }

    /// A paused job that an upstream has triggered.
    pub(crate) fn schedule(timer: Option<&str>, next_run_at: Option<DateTime<Utc>>) -> ScheduleRow {
        let mut payload = Payload::default();
        let at = now() - HOUR;
        payload.add_trigger(TriggerNote { job_type: "up".into(), at, run_id: None }, Uuid::nil());
        ScheduleRow {
            id: Uuid::nil(),
            job_type: "down".into(),
            project_id: Uuid::from_u128(1),
            status: ScheduledStatus::Paused,
            enabled: true,
            schedule: timer.map(Into::into),
            max_attempts: 3,
            next_run_at,
            payload,
            now: now(),
        }
    }

    #[test]
    fn a_request_takes_along_what_waits() {
        let run = run(&schedule(None, Some(now()))).unwrap();
        assert_eq!(
            (run.job_type.as_str(), run.project_id.as_u128(), run.max_attempts),
            ("down", 1, 3)
        );
        assert_eq!((run.payload.requests, run.payload.triggers.len()), (1, 1));
        assert_eq!(run.payload.trigger(), Trigger::Manual { at: now() });
        assert_eq!(run.payload.trace_of(run.id), Uuid::nil(), "it stays in the trace");
    }

    #[test]
    fn a_disabled_job_takes_no_request() {
        let refused = run(&ScheduleRow { enabled: false, ..schedule(None, None) }).unwrap_err();
        assert!(refused.to_string().contains("jobs.toml disables"), "{refused}");
    }

    #[test]
    fn nothing_waits_once_a_run_is_made_and_a_timer_goes_on() {
        let (ahead, passed) = (Some(now() + HOUR), Some(now() - HOUR));
        for (timer, before, after) in [
            (None, passed, None),
            (None, None, None),
            (Some("every 1h"), ahead, ahead),
            (Some("every 1h"), passed, passed),
        ] {
            let served = served(&schedule(timer, before));
            assert_eq!((served.next_run_at, served.payload), (after, Payload::default()));
        }
    }

    #[test]
    fn a_request_while_a_run_is_under_way_makes_its_job_due() {
        let passed = Some(now() - HOUR);
        for (before, after) in
            [(None, Some(now())), (Some(now() + HOUR), Some(now())), (passed, passed)]
        {
            let before = schedule(Some("every 1h"), before);
            let postponed = postponed(&before, run(&before).unwrap());
            assert_eq!(postponed.next_run_at, after);
            assert_eq!((postponed.payload.requests, postponed.payload.triggers.len()), (1, 1));
        }
    }

    #[test]
    fn a_request_serves_what_waited_for_its_triggers_to_pause_and_leaves_the_timer() {
        let (due, hour) = (Some(now() + TimeDelta::minutes(2)), Some(now() + HOUR));
        let every = Some("every 1h".to_owned());
        for (timer, schedule_then, before, after) in [
            (None, None, None, None),
            (Some("every 1h"), every.clone(), hour, hour),
            // The timer has changed since, or is gone.
            (Some("every 30m"), every.clone(), hour, Some(now() + TimeDelta::minutes(30))),
            (None, every, hour, None),
        ] {
            let mut waits = schedule(timer, due);
            let until = now() + HOUR;
            waits.payload.debounced =
                Some(Debounced { until, timer: before, schedule: schedule_then });
            assert_eq!(run(&waits).unwrap().payload.debounced, None);
            assert_eq!(served(&waits).next_run_at, after, "{timer:?}");
        }
    }
}
