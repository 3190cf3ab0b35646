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

/// The attempt that was lost is used up if nothing else can have ended its worker. Where it was young, with others
/// beside it, one that ends its process would use up the attempts of all of them: they go back as they were, and each
/// is begun alone. A job that has one attempt is never begun twice.
pub(crate) fn fate(claim: ExpiredClaim, why: Why) -> Fate {
    let ExpiredClaim { lease, max_attempts, cancel_requested, loss_counts } = claim;
    let error = said(&lease, why);
    let ends =
        |lease, state, error| Fate::Ends(End { lease, state, error, summary: None, ran: None });
    if cancel_requested {
        ends(lease, RunState::Cancelled, None)
    } else if why == Why::Unresponsive && !loss_counts && max_attempts > 1 {
        Fate::Waits(Requeue {
            lease,
            state: RunState::Retryable,
            error: None,
            after: Some(Duration::ZERO),
            attempt_counts: false,
            alone: true,
        })
    } else if lease.attempt < max_attempts {
        Fate::Waits(Requeue {
            lease,
            state: RunState::Retryable,
            error: Some(error),
            after: Some(Duration::ZERO),
            attempt_counts: true,
            alone: false,
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
        fate(claim(attempt, 2, cancel_requested, true), why)
    }

    fn claim(
        attempt: u32,
        max_attempts: u32,
        cancel_requested: bool,
        loss_counts: bool,
    ) -> ExpiredClaim {
        let kind = cascade_model::RunKind::Schedule;
        let lease = Lease { run_id: Uuid::nil(), kind, owner: "w".into(), attempt };
        ExpiredClaim { lease, max_attempts, cancel_requested, loss_counts }
    }

    #[test]
    fn a_young_run_is_begun_alone_and_uses_up_no_attempt() {
        for attempt in [1, 2] {
            let fate = fate(claim(attempt, 2, false, false), Why::Unresponsive);
            let Fate::Waits(again) = fate else { panic!("it ended") };
            assert!(again.alone && !again.attempt_counts && again.error.is_none());
        }
        // Its worker lives: no run has ended it.
        let Fate::Waits(again) = fate(claim(1, 2, false, false), Why::Unlisted) else { panic!() };
        assert!(again.attempt_counts && !again.alone);
    }

    #[test]
    fn one_that_has_a_single_attempt_is_never_begun_twice() {
        let fate = fate(claim(1, 1, false, false), Why::Unresponsive);
        let Fate::Ends(end) = fate else { panic!("it waits") };
        assert_eq!(end.state, RunState::Failed);
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
