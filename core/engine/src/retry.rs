use std::time::Duration;

use cascade_config::Backoff;
use cascade_model::LONGEST;
use cascade_sdk::JobError;

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

#[cfg(test)]
mod tests {
    use super::*;

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
