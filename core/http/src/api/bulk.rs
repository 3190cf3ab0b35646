//! One action on many runs.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    api::runs::noted,
    error::{ApiError, ApiResult, BodyRefused, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::Json,
    },
};
use cascade_access::{Principal, Role};
use cascade_engine::Engine;
use cascade_model::{CancelRequest, Visible};
use cascade_store::{Queries, StoreError};

/// The most runs that one request may name.
const MOST: usize = 200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// 1 to 200 runs.
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<Uuid>,
}

/// A run that something could not be done to.
#[derive(Clone, Serialize, ToSchema)]
pub struct NotDone {
    id: Uuid,
    message: String,
}

impl NotDone {
    /// A fault of the database is told to the log alone.
    pub(crate) fn of(id: Uuid, error: &StoreError) -> Self {
        let message = match error {
            StoreError::NoRun(_) | StoreError::WrongState(_) => error.to_string(),
            _ => {
                tracing::error!(%error, run_id = %id, "a run of many could not be changed");
                "the server could not do it; see its log".into()
            }
        };
        Self { id, message }
    }
}

#[derive(Default, Serialize, ToSchema)]
pub struct BulkAnswer {
    /// Runs that it was done to.
    done: Vec<Uuid>,
    /// Runs that it could not be done to.
    refused: Vec<NotDone>,
}

impl BulkAnswer {
    /// Each run stands by itself: a database that fails half-way does not hide what was done before.
    fn note(&mut self, id: Uuid, result: Result<(), StoreError>) {
        match result {
            Ok(()) => self.done.push(id),
            Err(error) => self.refused.push(NotDone::of(id, &error)),
        }
    }
}

impl Chosen {
    /// In the order given, each once.
    fn ids(self) -> ApiResult<Vec<Uuid>> {
        if !(1..=MOST).contains(&self.ids.len()) {
            let message = format!("body: `ids` names {} runs", self.ids.len());
            return Err(ApiError::bad_request(message).help(format!("name 1 to {MOST} at a time")));
        }
        let mut seen = BTreeSet::new();
        Ok(self.ids.into_iter().filter(|id| seen.insert(*id)).collect())
    }
}

/// The engine, which writes an entry for this run with what it does to it: as for one run by itself.
async fn noting(
    server: &AppState,
    principal: &Principal,
    editable: &Visible,
    (action, id): (&'static str, Uuid),
    peer: Peer,
) -> Result<Engine, StoreError> {
    let run = server.store.run(editable, id).await?.ok_or(StoreError::NoRun(id))?;
    Ok(server.engine.noting(noted(principal, action, &run, peer)))
}

/// Cancels many runs, each as by itself.
#[utoipa::path(
    post, path = "/jobs/runs/cancel", request_body = Chosen,
    responses((status = 200, body = BulkAnswer), Refused, BodyRefused)
)]
pub async fn cancel(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(chosen): Json<Chosen>,
) -> ApiResult<Json<BulkAnswer>> {
    let editable = principal.with_role(Role::Editor);
    let mut answer = BulkAnswer::default();
    let mut any_gone = false;
    for id in chosen.ids()? {
        let cancel = async {
            let engine = noting(&server, &principal, &editable, ("run.cancel", id), peer).await?;
            engine.request_cancel(&editable, id).await
        };
        let request = cancel.await;
        match request {
            Ok(CancelRequest::Requested) => server.wake.cancel(id).await,
            Ok(CancelRequest::Cancelled) => any_gone = true,
            Err(_) => {}
        }
        answer.note(id, request.map(drop));
    }
    // Others may begin now: the next of their keys, or what a join made due.
    if any_gone {
        server.wake.wake_all().await;
    }
    Ok(Json(answer))
}

/// Gives each of many failed or cancelled runs one more attempt.
#[utoipa::path(
    post, path = "/jobs/runs/retry", request_body = Chosen,
    responses((status = 200, body = BulkAnswer), Refused, BodyRefused)
)]
pub async fn retry(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(chosen): Json<Chosen>,
) -> ApiResult<Json<BulkAnswer>> {
    Ok(Json(retry_all(&server, &principal, peer, chosen.ids()?).await))
}

/// Gives each of these runs one more attempt, as by itself.
pub(crate) async fn retry_all(
    server: &AppState,
    principal: &Principal,
    peer: Peer,
    runs: Vec<Uuid>,
) -> BulkAnswer {
    let editable = principal.with_role(Role::Editor);
    let mut answer = BulkAnswer::default();
    for id in runs {
        let retry = async {
            let engine = noting(server, principal, &editable, ("run.retry", id), peer).await?;
            engine.retry(&editable, id).await
        };
        answer.note(id, retry.await);
    }
    server.wake.wake_all().await;
    answer
}
