//! A run that waits is changed: what it is asked for, when it begins, what it goes before, and its tags.

use cascade_model::{Begins, Run, RunEdit, RunKind, RunState, Visible};
use cascade_sdk::Dialect;
use cascade_store::{
    Connections, Result, RunRow, StoreError, Tx, edit_request, move_waiting, step_back,
    tags_forgotten, tags_kept,
};
use chrono::{DateTime, Utc};

use crate::{
    Engine,
    actions::{TRIES, lock_run},
};

const HAS_BEGUN: &str = "the run has begun already; cancel it and ask for another";
const HAS_ENDED: &str = "the run has ended already; ask for another";
const OF_SCHEDULE: &str =
    "a run of its schedule has neither args nor a priority nor tags; ask for a run with args";
const WAITS_FOR_WORKER: &str =
    "a run of its schedule waits for a worker, not for a time; pause the job or cancel the run";
const TRIED_WITH_ARGS: &str =
    "an attempt has begun with the args of the run; cancel it and ask for another";
const SERVES_OTHERS: &str =
    "the run serves other requests and triggers too, with the same args; ask for another run";
const ARGS_OF_TRIGGERS: &str = "the run waits for its triggers to pause, and the next would replace its args; say with them when it begins";

/// A run that waits, for this change: it waits no longer for its triggers to pause where it is told when to begin.
///
/// # Errors
/// [`StoreError::WrongState`] with the reason where it cannot be changed so.
pub(crate) fn edited(run: RunRow, edit: &RunEdit) -> Result<RunRow> {
    match run.state {
        RunState::Running => return Err(StoreError::WrongState(HAS_BEGUN)),
        RunState::Completed | RunState::Failed | RunState::Cancelled => {
            return Err(StoreError::WrongState(HAS_ENDED));
        }
        RunState::Scheduled | RunState::Available | RunState::Retryable => {}
    }
    if run.kind == RunKind::Schedule {
        if edit.args.is_some() || edit.priority.is_some() || edit.tags.is_some() {
            return Err(StoreError::WrongState(OF_SCHEDULE));
        }
        if run.state != RunState::Retryable {
            return Err(StoreError::WrongState(WAITS_FOR_WORKER));
        }
    }
    if edit.args.is_some() {
        args_may_change(&run, edit.begins.is_some())?;
    }
    let mut run = run;
    if edit.begins.is_some() {
        run.payload.debounced = None;
    }
    Ok(run)
}

fn args_may_change(run: &RunRow, is_told_when: bool) -> Result<()> {
    if run.attempt > 0 {
        return Err(StoreError::WrongState(TRIED_WITH_ARGS));
    }
    let payload = &run.payload;
    if payload.debounced.is_some() {
        return if is_told_when { Ok(()) } else { Err(StoreError::WrongState(ARGS_OF_TRIGGERS)) };
    }
    let requests = payload.requests.max(u32::from(payload.requested_at.is_some())) as usize;
    if requests + payload.triggers.len() > 1 {
        return Err(StoreError::WrongState(SERVES_OTHERS));
    }
    Ok(())
}

impl Engine {
    /// Changes a run that waits: all of its args, when it begins or is tried again, its priority, its tags. Args are the
    /// caller's to check. `run` is as it was found; only what never changes of it is relied on.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or [`StoreError::WrongState`] when it has begun or cannot be changed so.
    pub async fn edit(&self, visible: &Visible, run: &Run, edit: &RunEdit) -> Result<()> {
        for _ in 1..TRIES {
            match self.try_to_edit(visible, run, edit).await {
                Err(error) if error.is_deadlock() => {}
                done => return done,
            }
        }
        self.try_to_edit(visible, run, edit).await
    }

    async fn try_to_edit(&self, visible: &Visible, run: &Run, edit: &RunEdit) -> Result<()> {
        let now = self.store.now().await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let dialect = self.store.database().dialect();
        let done = change(&mut *tx, dialect, (visible, run), edit, now).await;
        self.finish(tx, done).await
    }
}

async fn change(
    tx: &mut dyn Tx,
    dialect: Dialect,
    (visible, found): (&Visible, &Run),
    edit: &RunEdit,
    now: DateTime<Utc>,
) -> Result<()> {
    // The first of a key is locked before any other of it: two changes of one key do not wait for each other.
    let key = found.request.as_ref().and_then(|request| request.key.as_deref());
    if key.is_some() {
        tx.lock_key_of(found.id).await?;
    }
    let run = lock_run(tx, visible, found.id).await?;
    let (state, payload) = (run.state, run.payload.clone());
    let run = edited(run, edit)?;
    if run.payload != payload {
        tx.save_run(state, &run).await?;
    }
    let at = edit.begins.map(|begins| match begins {
        Begins::Now => now,
        Begins::At(at) => at.max(now),
    });
    let mut changes = Vec::new();
    if at.is_some() || edit.priority.is_some() {
        changes.push(move_waiting(&run, at, at == Some(now), edit.priority));
        changes.extend(key.map(|key| step_back(dialect, &run, key)));
    }
    if run.kind == RunKind::Queue {
        // That its next attempt begins at another time changes nothing of when it was to begin.
        let begins = edit.begins.filter(|_| run.attempt == 0);
        let run_at = begins.map(|begins| match begins {
            Begins::Now => None,
            Begins::At(at) => Some(at),
        });
        changes.push(edit_request(run.id, edit.args.as_ref(), edit.priority, run_at));
        if let Some(tags) = &edit.tags {
            let kept: Vec<_> =
                tags.iter().map(|tag| (run.project_id, run.id, tag.as_str())).collect();
            changes.push(tags_forgotten(run.id));
            changes.extend(tags_kept(&kept));
        }
    }
    for change in changes {
        tx.execute(&change).await.map_err(StoreError::Query)?;
    }
    if key.is_some() {
        tx.advance_keys(&[run.id]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cascade_model::{Debounced, TriggerNote};
    use chrono::TimeDelta;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::retry::tests::run;

    fn queued(state: RunState, attempt: u32) -> RunRow {
        let mut row = RunRow { kind: RunKind::Queue, attempt, ..run(state) };
        row.payload.add_request(Utc::now());
        row
    }

    fn with_args() -> RunEdit {
        RunEdit { args: Some(json!({})), ..RunEdit::default() }
    }

    fn now() -> RunEdit {
        RunEdit { begins: Some(Begins::Now), ..RunEdit::default() }
    }

    fn refused(run: RunRow, edit: &RunEdit) -> String {
        edited(run, edit).unwrap_err().to_string()
    }

    #[test]
    fn only_what_waits_is_changed() {
        for state in [RunState::Available, RunState::Retryable] {
            edited(queued(state, 1), &now()).unwrap();
        }
        assert_eq!(refused(queued(RunState::Running, 1), &now()), HAS_BEGUN);
        for state in [RunState::Completed, RunState::Failed, RunState::Cancelled] {
            assert_eq!(refused(queued(state, 1), &now()), HAS_ENDED);
        }
    }

    #[test]
    fn of_a_run_of_its_schedule_only_the_next_attempt_is_moved() {
        edited(run(RunState::Retryable), &now()).unwrap();
        assert_eq!(refused(run(RunState::Available), &now()), WAITS_FOR_WORKER);
        assert_eq!(refused(run(RunState::Retryable), &with_args()), OF_SCHEDULE);
        let priority = RunEdit { priority: Some(3), ..RunEdit::default() };
        assert_eq!(refused(run(RunState::Available), &priority), OF_SCHEDULE);
    }

    #[test]
    fn args_stay_once_an_attempt_has_begun_or_others_have_asked_for_the_same() {
        edited(queued(RunState::Available, 0), &with_args()).unwrap();
        assert_eq!(refused(queued(RunState::Retryable, 1), &with_args()), TRIED_WITH_ARGS);
        let mut merged = queued(RunState::Available, 0);
        merged.payload.join();
        assert_eq!(refused(merged.clone(), &with_args()), SERVES_OTHERS);
        edited(merged, &now()).unwrap();
        let mut triggered = queued(RunState::Available, 0);
        let note = TriggerNote { job_type: "up".into(), at: Utc::now(), run_id: None };
        triggered.payload.add_trigger(note, Uuid::nil());
        assert_eq!(refused(triggered, &with_args()), SERVES_OTHERS);
    }

    #[test]
    fn a_debounced_run_that_is_told_when_to_begin_waits_for_its_triggers_no_longer() {
        let mut waits = queued(RunState::Available, 0);
        let until = Utc::now() + TimeDelta::hours(1);
        waits.payload.debounced = Some(Debounced { until, timer: None, schedule: None });
        assert_eq!(refused(waits.clone(), &with_args()), ARGS_OF_TRIGGERS);
        let both = RunEdit { args: Some(json!({})), ..now() };
        assert_eq!(edited(waits.clone(), &both).unwrap().payload.debounced, None);
        let priority = RunEdit { priority: Some(1), ..RunEdit::default() };
        assert_eq!(edited(waits.clone(), &priority).unwrap(), waits);
    }
}
