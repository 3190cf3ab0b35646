use std::time::Duration;

use cascade_config::Backoff;
use cascade_model::{LONGEST, RunState};
use cascade_sdk::JobError;
use cascade_store::{Result, RunRow, ScheduleRow, StoreError};

use crate::request::JOB_IS_OFF;

/// A snooze costs no attempt: without a least pause, a job that always snoozes would be claimed without end.
pub(crate) const SHORTEST_SNOOZE: Duration = Duration::from_secs(1);

/// How long a run waits that has snoozed.
pub(crate) fn snooze(after_ms: u64) -> Duration {
    Duration::from_millis(after_ms).clamp(SHORTEST_SNOOZE, LONGEST)
}

/// How long a run waits for its next attempt after attempt number `attempt` (from 1) has failed; `None`
/// for no further attempt. `jitter` is a random 0..1.
pub(crate) fn pause(
    error: &JobError,
    attempt: u32,
    max_attempts: u32,
    backoff: &Backoff,
    jitter: f64,
) -> Option<Duration> {
    let pause = match error {
        JobError::Retry { after_ms: Some(ms), .. } => Duration::from_millis(*ms).min(LONGEST), // more could not be added to a time
        JobError::Retry { .. } => backoff.delay(attempt, jitter),
        _ => return None,
    };
    (attempt < max_attempts).then_some(pause)
}

/// A failed or cancelled run with one more attempt, which a person asks for.
///
/// # Errors
/// [`StoreError::WrongState`] when it is neither, or `schedule` is one that jobs.toml disables.
pub(crate) fn requested(run: RunRow, schedule: Option<&ScheduleRow>) -> Result<RunRow> {
    if !matches!(run.state, RunState::Failed | RunState::Cancelled) {
        let why = "only a failed or cancelled run can be tried again";
        return Err(StoreError::WrongState(why));
    }
    if schedule.is_some_and(|schedule| !schedule.enabled) {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    let max_attempts = run.max_attempts.max(run.attempt + 1);
    Ok(RunRow { state: RunState::Available, max_attempts, ..run })
}

#[cfg(test)]
pub(crate) mod tests {
    use cascade_model::Payload;
    use uuid::Uuid;

    use super::*;
    use crate::request::tests::schedule;

    /// A run whose first of two attempts has begun.
    pub(crate) fn run(state: RunState) -> RunRow {
        RunRow {
            id: Uuid::nil(),
            kind: cascade_model::RunKind::Schedule,
            error: None,
            job_type: "down".into(),
            project_id: Uuid::nil(),
            state,
            attempt: 1,
            max_attempts: 2,
            payload: Payload::default(),
            cancel_requested: false,
        }
    }

    #[test]
    fn a_run_that_ended_badly_gets_one_more_attempt() {
        for state in [RunState::Failed, RunState::Cancelled] {
            for (attempt, last) in [(0, 2), (1, 2), (2, 3), (3, 4)] {
                let again = requested(RunRow { attempt, ..run(state) }, None).unwrap();
                assert_eq!((again.state, again.max_attempts), (RunState::Available, last));
            }
        }
    }

    #[test]
    fn its_state_is_looked_at_before_whether_its_job_is_disabled() {
        let off = ScheduleRow { enabled: false, ..schedule(None, None) };
        let refused = |state| requested(run(state), Some(&off)).unwrap_err().to_string();
        for state in
            [RunState::Available, RunState::Running, RunState::Retryable, RunState::Completed]
        {
            assert!(refused(state).contains("only a failed or cancelled run"), "{state}");
        }
        assert!(refused(RunState::Failed).contains("jobs.toml disables this job"));
    }

    #[test]
    fn a_fault_is_tried_again_while_attempts_are_left() {
        let backoff = Backoff::default();
        let of = |error, attempt| pause(&error, attempt, 3, &backoff, 0.0);
        assert_eq!(of(JobError::retry("x"), 1), Some(backoff.delay(1, 0.0)));
        assert_eq!(of(JobError::retry("x"), 2), Some(backoff.delay(2, 0.0)));
        assert_eq!(of(JobError::retry("x"), 3), None, "it was the last");
        let later = JobError::Retry { message: "x".into(), after_ms: Some(70) };
        assert_eq!(of(later.clone(), 1), Some(Duration::from_millis(70)), "the job says when");
        assert_eq!(of(later, 3), None);
    }

    #[test]
    fn a_pause_of_the_job_s_own_is_kept_within_bounds() {
        let backoff = Backoff::default();
        let far = JobError::retry_after("x", Duration::MAX);
        assert_eq!(pause(&far, 1, 3, &backoff, 0.0), Some(LONGEST));
        assert_eq!(
            [0, 5_000, u64::MAX].map(snooze),
            [SHORTEST_SNOOZE, Duration::from_secs(5), LONGEST]
        );
    }

    #[test]
    fn what_another_attempt_would_not_change_is_not_tried_again() {
        let backoff = Backoff::default();
        for error in [JobError::fail("x"), JobError::Cancelled] {
            assert_eq!(pause(&error, 1, 3, &backoff, 0.0), None);
        }
    }
}
