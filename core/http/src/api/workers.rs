//! Who works, and who is to take no more runs.

use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::response;
use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::{Administrator, Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::Principal;
use cascade_config::Config;
use cascade_model::{Visible, Worker};
use cascade_store::Queries;

#[derive(Serialize, ToSchema)]
pub struct Workers {
    items: Vec<response::Worker>,
    /// Jobs that no live worker runs, as none has all the labels that they need.
    without_worker: Vec<JobWithoutWorker>,
}

#[derive(Serialize, ToSchema)]
pub struct JobWithoutWorker {
    job_type: String,
    /// What it needs.
    labels: Vec<String>,
}

/// The jobs whose labels no worker has that takes runs.
fn without_worker(config: &Config, workers: &[Worker]) -> Vec<JobWithoutWorker> {
    let needing = config.jobs.iter().filter(|(_, job)| job.enabled && !job.needs_labels.is_empty());
    let takes = |labels: &[String]| {
        workers.iter().any(|worker| worker.takes_runs() && worker.has_labels(labels))
    };
    needing
        .filter(|(_, job)| !takes(&job.needs_labels))
        .map(|(name, job)| JobWithoutWorker {
            job_type: name.clone(),
            labels: job.needs_labels.clone(),
        })
        .collect()
}

/// Workers by name: those that live, and those that were there in the last hour and did not end in order.
#[utoipa::path(get, path = "/workers", responses((status = 200, body = Workers), Refused))]
pub async fn list(
    State(server): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<Workers>> {
    let found = server.store.workers(&principal.visible()).await?;
    let without_worker = without_worker(&server.config.current(), &found);
    let shown = |worker| response::Worker::shown(worker, principal.admin);
    Ok(Json(Workers { items: found.into_iter().map(shown).collect(), without_worker }))
}

/// Describes `{name}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct WorkerName {
    /// The worker.
    #[param(max_length = 100)]
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct Drained {
    name: String,
    /// Whether it is to take no more runs.
    draining: bool,
}

async fn ask(
    server: &AppState,
    principal: &Principal,
    peer: Peer,
    name: String,
    drain: bool,
) -> ApiResult<Json<Drained>> {
    let workers = server.store.workers(&Visible::All).await?;
    let worker = workers.into_iter().find(|worker| worker.name == name);
    let worker = worker.ok_or_else(|| ApiError::not_found(format!("there is no worker {name}")))?;
    if worker.seen_at.is_none() {
        let message = "this worker is of an older version, which cannot be asked";
        return Err(
            ApiError::conflict(message).help("stop it: its runs have the grace time to end")
        );
    }
    let action = if drain { "worker.drain" } else { "worker.undrain" };
    let detail = json!({ "host": worker.host, "running": worker.running });
    let entry = entry(principal, action, &name, None, detail, peer);
    let by = drain.then_some(&*principal.name);
    // One that is asked already is not asked again.
    if server.store.drain_worker(&name, by, entry).await? {
        server.wake.ask_for_presence().await;
    }
    Ok(Json(Drained { name, draining: drain }))
}

/// Asks a worker to take no more runs, until that is undone or it restarts: it ends those that it has.
#[utoipa::path(
    post, path = "/workers/{name}/drain", params(WorkerName),
    responses(
        (status = 200, body = Drained), (status = 404, body = ErrorBody),
        (status = 409, description = "It is of an older version.", body = ErrorBody), Refused
    )
)]
pub async fn drain(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Path(name): Path<String>,
) -> ApiResult<Json<Drained>> {
    ask(&server, &principal, peer, name, true).await
}

/// Lets a worker take runs again.
#[utoipa::path(
    post, path = "/workers/{name}/undrain", params(WorkerName),
    responses(
        (status = 200, body = Drained), (status = 404, body = ErrorBody),
        (status = 409, description = "It is of an older version.", body = ErrorBody), Refused
    )
)]
pub async fn undrain(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    peer: Peer,
    Path(name): Path<String>,
) -> ApiResult<Json<Drained>> {
    ask(&server, &principal, peer, name, false).await
}
