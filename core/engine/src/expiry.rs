use std::time::Duration;

use cascade_model::{Lease, RunState};
use cascade_store::{End, ExpiredClaim, Requeue};

/// Why a run has lost its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Its worker has not renewed it in time.
    Unresponsive,
    /// Its worker lives and does not list it.
    Unlisted,
}

/// What becomes of a run that has lost its lease.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// It ends: cancelled, as somebody had asked for, or failed.
    Ends(End),
    /// Another attempt follows.
    Waits(Requeue),
}

/// The attempt that was lost is used up: it may have been the run that stopped its worker.
pub(crate) fn fate(claim: ExpiredClaim, why: Why) -> Fate {
    let ExpiredClaim { lease, max_attempts, cancel_requested } = claim;
    let error = said(&lease, why);
    let ends =
        |lease, state, error| Fate::Ends(End { lease, state, error, summary: None, ran: None });
    if cancel_requested {
        ends(lease, RunState::Cancelled, None)
    } else if lease.attempt < max_attempts {
        Fate::Waits(Requeue {
            lease,
            state: RunState::Retryable,
            error: Some(error),
            after: Some(Duration::ZERO),
            attempt_counts: true,
        })
    } else {
        ends(lease, RunState::Failed, Some(error))
    }
}

fn said(Lease { owner, .. }: &Lease, why: Why) -> String {
    match why {
        Why::Unresponsive => format!("lease expired: worker {owner} stopped renewing it"),
        Why::Unlisted => format!(
            "worker {owner} lost track of it: its start or its end did not reach the other side"
        ),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn of(attempt: u32, cancel_requested: bool, why: Why) -> Fate {
        let kind = cascade_model::RunKind::Schedule;
        let lease = Lease { run_id: Uuid::nil(), kind, owner: "w".into(), attempt };
        fate(ExpiredClaim { lease, max_attempts: 2, cancel_requested }, why)
    }

    #[test]
    fn another_attempt_follows_at_once_if_one_is_left() {
        let Fate::Waits(again) = of(1, false, Why::Unresponsive) else { panic!("it ended") };
        assert_eq!((again.state, again.after), (RunState::Retryable, Some(Duration::ZERO)));
        assert!(again.attempt_counts && again.error.unwrap().contains("stopped renewing"));
    }

    #[test]
    fn the_last_attempt_fails_and_says_why() {
        let Fate::Ends(end) = of(2, false, Why::Unlisted) else { panic!("it waits") };
        assert_eq!(end.state, RunState::Failed);
        assert!(end.error.unwrap().contains("worker w lost track of it"));
    }

    #[test]
    fn a_run_whose_end_was_asked_for_is_cancelled_whatever_attempts_are_left() {
        for attempt in [1, 2] {
            let Fate::Ends(end) = of(attempt, true, Why::Unresponsive) else { panic!("it waits") };
            assert_eq!((end.state, end.error), (RunState::Cancelled, None));
        }
    }
}
