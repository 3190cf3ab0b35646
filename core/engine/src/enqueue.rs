//! Runs that callers ask for, with args: how each becomes a run that waits.

use cascade_model::{
    Debounce, Debounced, Enqueue, Enqueued, KEY_OF_SCHEDULE, OnDuplicate, Payload, RunRequest,
    RunState, StatKind, key_of_args,
};
use cascade_store::{
    NewRequest, NewRun, Result, RunRow, ScheduleFacts, StoreError, Tx, Waiting, change_request,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{figures::UnseenEnd, joins::Opened, request::JOB_IS_OFF, tags, traces};

/// What making runs has led to beside them.
#[derive(Default)]
pub(crate) struct Beside {
    /// Runs that were replaced.
    pub replaced: Vec<UnseenEnd>,
    /// Runs that are to come.
    pub opened: Opened,
}

/// Runs that one statement makes at most.
const AT_ONCE: usize = 1000;

/// Runs of a key that wait and are looked at for a merge, or replaced, at most.
const MOST_WAITING: u32 = 10_000;

/// How often a transaction tries to make the first run of a key while others are first.
const TRIES: u32 = 20;

/// The run that serves a request, whose payload is yet to say what caused it. Where the request names no key, the job's
/// `key_from` does.
///
/// # Errors
/// [`StoreError::NotScheduled`], or [`StoreError::WrongState`] for a job that jobs.toml disables.
pub(crate) fn run(asked: &Enqueue, schedule: Option<&ScheduleFacts>) -> Result<NewRequest> {
    let Enqueue { job_type, project_id, request, .. } = asked;
    let not_scheduled = || StoreError::NotScheduled { job: job_type.clone() };
    let schedule = schedule.ok_or_else(not_scheduled)?;
    if !schedule.enabled {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    let by_args = || key_of_args(schedule.key_from.as_deref()?, &request.args);
    let key = request.key.clone().or_else(by_args);
    Ok(NewRequest {
        run: NewRun {
            id: Uuid::now_v7(),
            job_type: job_type.clone(),
            project_id: *project_id,
            max_attempts: schedule.max_attempts,
            payload: Payload::default(),
        },
        request: RunRequest { key, ..request.clone() },
        after: None,
    })
}

/// Makes a run wait that begins once the triggers of its key pause: one that waits so is the same run, which is
/// asked for the latest args and keeps the causes of all. `at` is now.
pub(crate) async fn debounce(
    tx: &mut dyn Tx,
    mut request: NewRequest,
    rule: &Debounce,
    at: DateTime<Utc>,
    beside: &mut Beside,
) -> Result<()> {
    let mut first = Debounced::begun(rule, at);
    (request.request.run_at, request.after) = (Some(first.put_off(rule, at)), None);
    let one = std::slice::from_ref(&request);
    tx.go_before_later(one).await?;
    let waiting = tx.waiting_of_key(&request, MOST_WAITING).await?;
    let debounced = |one: Waiting| one.run.payload.debounced.is_some().then_some(one.run);
    let Some(mut waits) = waiting.into_iter().find_map(debounced) else {
        request.run.payload.debounced = Some(first);
        opens(&request, beside);
        return insert(tx, vec![request], true).await;
    };
    let args = request.request.args.clone();
    let due = waits.payload.debounced.get_or_insert(first).put_off(rule, at);
    change(tx, waits.id, &args, due).await?;
    merge(tx, waits, request, beside).await.map(drop)
}

/// When a request asks for its run to begin.
fn asked_for(NewRequest { run, request, .. }: &NewRequest) -> Option<DateTime<Utc>> {
    let trigger = run.payload.triggers.last().map(|trigger| trigger.at);
    request.run_at.or(run.payload.requested_at).or(trigger)
}

async fn change(tx: &mut dyn Tx, run: Uuid, args: &Value, at: DateTime<Utc>) -> Result<()> {
    for statement in change_request(run, args, at) {
        tx.execute(&statement).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// Makes all of them wait, in the transaction: each by its rule for duplicates. `wake` tells workers of
/// other processes.
///
/// # Errors
/// [`StoreError::Duplicate`] for one that is to be rejected, or the database's: nothing is to be committed.
pub(crate) async fn enqueue(
    tx: &mut dyn Tx,
    requests: Vec<(NewRequest, OnDuplicate)>,
    wake: bool,
    beside: &mut Beside,
) -> Result<Vec<Enqueued>> {
    lock_schedules(tx, &requests).await?;
    let mut told: Vec<_> = requests.iter().map(|(one, _)| Enqueued::Made(one.run.id)).collect();
    let (mut plain, mut others) = (Vec::new(), Vec::new());
    for (place, (request, rule)) in requests.into_iter().enumerate() {
        let is_plain = request.request.key.is_none() || rule == OnDuplicate::Queue;
        if is_plain { plain.push(request) } else { others.push((place, request, rule)) }
    }
    for request in &plain {
        opens(request, beside);
    }
    insert(tx, plain, wake).await?;
    for (place, request, rule) in others {
        told[place] = by_rule(tx, request, rule, wake, beside).await?;
    }
    Ok(told)
}

/// Makes runs that wait, each behind those of its key.
pub(crate) async fn insert(tx: &mut dyn Tx, requests: Vec<NewRequest>, wake: bool) -> Result<()> {
    for page in requests.chunks(AT_ONCE) {
        insert_page(tx, page.to_vec(), wake).await?;
    }
    Ok(())
}

/// Each key's first is locked before, so that its end sees those behind it.
async fn insert_page(tx: &mut dyn Tx, mut requests: Vec<NewRequest>, wake: bool) -> Result<()> {
    for _ in 0..TRIES {
        if requests.is_empty() {
            return Ok(());
        }
        tx.go_before_later(&requests).await?;
        let made = tx.insert_requests(&requests, wake).await?;
        for (request, _) in requests.iter().zip(&made).filter(|(_, made)| **made) {
            traces::keep(tx, request.run.id, &request.run.payload.traces).await?;
        }
        let new = requests.iter().zip(&made).filter(|(_, made)| **made);
        tags::keep(tx, new.map(|(request, _)| request)).await?;
        let mut made = made.into_iter();
        requests.retain(|_| !made.next().unwrap_or(false));
    }
    if requests.is_empty() {
        return Ok(());
    }
    Err(StoreError::WrongState("its key is asked for by too many at once; ask again"))
}

async fn by_rule(
    tx: &mut dyn Tx,
    mut request: NewRequest,
    rule: OnDuplicate,
    wake: bool,
    beside: &mut Beside,
) -> Result<Enqueued> {
    tx.go_before_later(std::slice::from_ref(&request)).await?;
    let waiting = tx.waiting_of_key(&request, MOST_WAITING).await?;
    let opened: Vec<_> = request.run.payload.all_traces().collect();
    match rule {
        OnDuplicate::Reject => {
            if let Some(other) = waiting.first() {
                return Err(StoreError::Duplicate { run: other.run.id });
            }
        }
        OnDuplicate::Merge => {
            let same = waiting.into_iter().filter(|one| one.args == request.request.args);
            // One that begins later than asked for does not serve the request, unless it only waits for its
            // triggers to pause.
            let serves = |one: &Waiting| !one.later || one.run.payload.debounced.is_some();
            if let Some(Waiting { run, args, later }) = same.into_iter().find(serves) {
                if let (true, Some(at)) = (later, asked_for(&request)) {
                    change(tx, run.id, &args, at).await?;
                }
                return merge(tx, run, request, beside).await;
            }
        }
        OnDuplicate::Replace => {
            for Waiting { run, .. } in &waiting {
                request.run.payload.join_traces(run.payload.all_traces());
            }
            beside.replaced.extend(replace(tx, waiting, request.run.id).await?);
        }
        OnDuplicate::Queue => {}
    }
    let id = request.run.id;
    opened.into_iter().for_each(|trace| beside.opened.add(trace, &request.run.job_type));
    insert(tx, vec![request], wake).await?;
    Ok(Enqueued::Made(id))
}

/// The run that waits serves the request too; the causes of both are kept.
async fn merge(
    tx: &mut dyn Tx,
    mut waits: RunRow,
    request: NewRequest,
    beside: &mut Beside,
) -> Result<Enqueued> {
    tags::add(tx, waits.id, &request).await?;
    let payload = request.run.payload;
    if payload.triggers.is_empty() {
        waits.payload.join();
    }
    let of: Vec<_> = payload.all_traces().collect();
    for upstream in payload.triggers {
        let new = waits.payload.join_trigger_of(waits.id, upstream, &of);
        new.into_iter().for_each(|trace| beside.opened.add(trace, &waits.job_type));
    }
    tx.save_run(waits.state, &waits).await?;
    traces::keep(tx, waits.id, &waits.payload.traces).await?;
    // The lock of its key may have put it behind this request, as it waits for a later time: nothing else
    // would let it go ahead again.
    tx.advance_keys(&[waits.id]).await?;
    Ok(Enqueued::Merged(waits.id))
}

/// A run is to come in each of its traces.
fn opens(NewRequest { run, .. }: &NewRequest, beside: &mut Beside) {
    run.payload.all_traces().for_each(|trace| beside.opened.add(trace, &run.job_type));
}

/// Cancels what waits; what joins wait for of it, they wait for of the run that replaces it.
async fn replace(tx: &mut dyn Tx, waiting: Vec<Waiting>, by: Uuid) -> Result<Vec<UnseenEnd>> {
    let mut ended = Vec::new();
    for Waiting { run, .. } in waiting {
        let (from, error) = (run.state, Some(format!("replaced by {by}")));
        let ends = RunRow { state: RunState::Cancelled, error, ..run };
        tx.save_run(from, &ends).await?;
        ended.push((ends.job_type, ends.project_id, StatKind::Cancelled));
    }
    Ok(ended)
}

/// A timer makes no run while a request with the key of its schedule looks whether there is one.
async fn lock_schedules(tx: &mut dyn Tx, requests: &[(NewRequest, OnDuplicate)]) -> Result<()> {
    let of_schedule = requests.iter().map(|(one, _)| one);
    let of_schedule = of_schedule.filter(|one| one.request.key.as_deref() == Some(KEY_OF_SCHEDULE));
    let mut jobs: Vec<_> = of_schedule.map(|one| (one.run.project_id, &one.run.job_type)).collect();
    jobs.sort();
    jobs.dedup();
    for (project, job) in jobs {
        tx.lock_schedules(project, std::slice::from_ref(job)).await?;
    }
    Ok(())
}
