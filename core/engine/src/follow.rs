//! From the end of a run to what follows it: asks the database what edges need to know, and has their
//! conditions evaluated where nobody waits.

use std::collections::BTreeMap;

use cascade_config::{ConfigState, Edge};
use cascade_expr::{RunFacts, Status};
use cascade_model::{
    ClaimedRun, Decisions, Follow, KEY_OF_SCHEDULE, Run, RunRequest, Success, Visible,
};
use cascade_store::{Queries, Result, Store, StoreError};
use uuid::Uuid;

use crate::{
    Engine,
    edge_runs::Downstream,
    edges::{self, EndOfRun},
    joins::{End, foresee},
};

/// The run that ends.
pub(crate) struct Ending<'a> {
    pub run: Uuid,
    pub job: &'a str,
    /// The project, and its short name.
    pub project: (Uuid, &'a str),
    pub attempts: u32,
    pub end: End,
    /// Why it has failed, if it has.
    pub error: Option<&'a str>,
    pub summary: Option<&'a str>,
    /// The JSON text that it gives out.
    pub output: Option<&'a str>,
    /// What a caller asked it for; `None` for a run of its schedule.
    pub request: Option<&'a RunRequest>,
    /// Every trace that it belongs to.
    pub traces: Vec<Uuid>,
    /// The jobs that it enqueues runs of by itself.
    pub enqueued: Vec<String>,
    /// Whether it had failed or was cancelled before, and joins have counted that.
    pub reopens: bool,
}

/// A success of which nothing else is known.
impl<'a> From<&'a Run> for Ending<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            run: run.id,
            job: &run.job_type,
            project: (run.project_id, &run.project_slug),
            attempts: run.attempt,
            end: End::Ok,
            error: None,
            summary: None,
            output: None,
            request: run.request.as_deref(),
            traces: run.all_traces(),
            enqueued: Vec::new(),
            reopens: false,
        }
    }
}

/// A success of which nothing else is known.
impl<'a> From<&'a ClaimedRun> for Ending<'a> {
    fn from(run: &'a ClaimedRun) -> Self {
        Self {
            run: run.lease.run_id,
            job: &run.job_type,
            project: (run.project.id, &run.project.slug),
            attempts: run.lease.attempt,
            end: End::Ok,
            error: None,
            summary: None,
            output: None,
            request: run.request.as_deref(),
            traces: run.all_traces(),
            enqueued: Vec::new(),
            reopens: false,
        }
    }
}

impl<'a> Ending<'a> {
    /// The last attempt has failed.
    pub fn failed(self, error: &'a str) -> Self {
        Self { end: End::Failed, error: Some(error), ..self }
    }

    /// It is cancelled: no edge follows it, and joins may.
    pub fn cancelled(self) -> Self {
        Self { end: End::Cancelled, ..self }
    }
}

impl Engine {
    /// What the end of a run leads to under `config`: its success, or its last failure with this error.
    ///
    /// # Errors
    /// The database's.
    pub async fn follow(
        &self,
        config: &ConfigState,
        run: &ClaimedRun,
        ended: std::result::Result<&Success, &str>,
    ) -> Result<Follow> {
        let ending = match ended {
            Ok(success) => Ending {
                summary: success.summary.as_deref(),
                output: success.output.as_deref(),
                enqueued: success.enqueue.iter().map(|child| child.job.clone()).collect(),
                ..Ending::from(run)
            },
            Err(error) => Ending::from(run).failed(error),
        };
        follow(&*self.store, config, &ending).await
    }

    /// What joins make of a run that is cancelled.
    ///
    /// # Errors
    /// The database's.
    pub async fn follow_cancelled(&self, config: &ConfigState, run: &ClaimedRun) -> Result<Follow> {
        follow(&*self.store, config, &Ending::from(run).cancelled()).await
    }
}

/// What the end leads to under `config`.
///
/// # Errors
/// The database's.
pub(crate) async fn follow(
    store: &dyn Store,
    config: &ConfigState,
    ending: &Ending<'_>,
) -> Result<Follow> {
    let mut follow = match ending.end {
        End::Ok => by_edges(store, config, ending, Status::Success).await?,
        End::Failed => by_edges(store, config, ending, Status::Failure).await?,
        End::Cancelled => Follow::default(),
    };
    follow.traces.clone_from(&ending.traces);
    if config.config.joins.is_empty() {
        return Ok(follow);
    }
    let due = follow.downstream.iter().chain(follow.debounced.iter().map(|(job, _)| job));
    let opens = due.chain(follow.runs.iter().map(|run| &run.job)).chain(&ending.enqueued);
    let opens: Vec<_> = opens.map(String::as_str).collect();
    follow.joins = foresee(store, config, ending, &opens).await?;
    Ok(follow)
}

async fn by_edges(
    store: &dyn Store,
    config: &ConfigState,
    ending: &Ending<'_>,
    status: Status,
) -> Result<Follow> {
    let edges = config.config.edges(ending.job);
    if !edges::may_follow(edges, status) {
        return Ok(Follow::default());
    }
    if status == Status::Success && edges.iter().all(Edge::is_plain) {
        return Ok(Follow {
            downstream: config.config.downstream(ending.job).to_vec(),
            ..Follow::default()
        });
    }
    let failed_before = match edges::ask_before(edges, status) {
        true => failed_before(store, ending).await?,
        false => None,
    };
    let run = RunFacts {
        id: ending.run.to_string(),
        job: ending.job.to_owned(),
        project: ending.project.1.to_owned(),
        status,
        attempts: ending.attempts,
        error: ending.error.map(ToOwned::to_owned),
        summary: ending.summary.map(ToOwned::to_owned),
        revision: config.revision.clone(),
        key: ending.request.and_then(key_of),
        not_reached: match status {
            Status::Failure => config.config.not_reached(ending.job),
            Status::Success => Vec::new(),
        },
    };
    let settings = config.config.jobs.get(ending.job);
    let args = ending.request.map(|request| &request.args);
    let args = args.or_else(|| settings.map(|settings| &settings.args));
    let args = args.cloned().unwrap_or_default();
    let end = EndOfRun { run, args, output: ending.output.map(ToOwned::to_owned), failed_before };
    let jobs = downstream(config, edges);
    if edges::is_settled(edges) {
        return Ok(edges::follow(edges, &jobs, &end));
    }
    let edges = edges.to_vec();
    let evaluated = tokio::task::spawn_blocking(move || edges::follow(&edges, &jobs, &end)).await;
    evaluated
        .map_err(|error| StoreError::Corrupt { what: "the edges of a run", why: error.to_string() })
}

/// The key that a caller has given.
pub(crate) fn key_of(request: &RunRequest) -> Option<String> {
    request.key.clone().filter(|key| key != KEY_OF_SCHEDULE)
}

/// The jobs that edges make runs of.
pub(crate) fn downstream(config: &ConfigState, edges: &[Edge]) -> BTreeMap<String, Downstream> {
    let making = edges.iter().filter(|edge| edge.makes_runs());
    let known = making.filter_map(|edge| {
        let settings = config.config.jobs.get(&edge.job)?;
        // A schema that is not valid is told of when the run begins.
        let schema = config.args_schemas.of(&edge.job).ok();
        let (args, priority) = (settings.args.clone(), settings.priority.unwrap_or(0));
        Some((edge.job.clone(), Downstream { schema, args, priority }))
    });
    known.collect()
}

/// Whether the run before had failed, or this one had before it was tried again by a person; `None` if there is
/// none before it, as it has no key.
async fn failed_before(store: &dyn Store, ending: &Ending<'_>) -> Result<Option<bool>> {
    let earlier = store.decisions(&Visible::All, ending.run).await?;
    if earlier.is_some_and(|Decisions { failed, .. }| failed) {
        return Ok(Some(true));
    }
    let key = ending.request.map(|request| request.key.as_deref());
    match key {
        Some(None) => Ok(None),
        Some(Some(key)) if key != KEY_OF_SCHEDULE => {
            store.last_failed_of_key(ending.job, ending.project.0, key).await.map(Some)
        }
        _ => store.last_failed(ending.job, ending.project.0).await.map(Some),
    }
}
