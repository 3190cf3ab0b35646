use cascade_model::RunState;
use cascade_store::{Result, RunRow, StoreError};

/// A run whose end somebody asks for: cancelled if it waits; one that runs is told.
///
/// # Errors
/// [`StoreError::WrongState`] when it has ended.
pub(crate) fn requested(run: RunRow) -> Result<RunRow> {
    match run.state {
        RunState::Running => Ok(RunRow { cancel_requested: true, ..run }),
        RunState::Scheduled | RunState::Available | RunState::Retryable => {
            Ok(RunRow { state: RunState::Cancelled, ..run })
        }
        RunState::Completed | RunState::Failed | RunState::Cancelled => {
            Err(StoreError::WrongState("the run has ended already"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::tests::run;

    #[test]
    fn a_run_that_waits_is_cancelled_and_one_that_runs_is_told() {
        for (state, after) in [
            (RunState::Available, (RunState::Cancelled, false)),
            (RunState::Retryable, (RunState::Cancelled, false)),
            (RunState::Running, (RunState::Running, true)),
        ] {
            let asked = requested(run(state)).unwrap();
            assert_eq!((asked.state, asked.cancel_requested), after);
        }
    }

    #[test]
    fn a_run_that_has_ended_cannot_be_cancelled() {
        for state in [RunState::Completed, RunState::Failed, RunState::Cancelled] {
            let refused = requested(run(state)).unwrap_err();
            assert!(refused.to_string().contains("has ended already"), "{refused}");
        }
    }
}
