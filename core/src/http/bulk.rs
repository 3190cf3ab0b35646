//! One action on many runs.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    AppState,
    auth::Peer,
    error::{ApiError, ApiResult, BodyRefused, Refused},
    extract::Json,
};
use crate::{
    access::{Principal, Role},
    store::{CancelRequest, StoreError},
};

/// The most runs that one request may name.
const MOST: usize = 200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// 1 to 200 runs.
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct NotDone {
    id: Uuid,
    message: String,
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
        let message = match result {
            Ok(()) => return self.done.push(id),
            Err(refused @ (StoreError::NoRun(_) | StoreError::WrongState(_))) => {
                refused.to_string()
            }
            Err(error) => {
                tracing::error!(%error, run_id = %id, "a run of many could not be changed");
                "the server could not do it; see its log".into()
            }
        };
        self.refused.push(NotDone { id, message });
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

/// Cancels many runs, each as by itself.
#[utoipa::path(
    post, path = "/jobs/runs/cancel", request_body = Chosen,
    responses((status = 200, body = BulkAnswer), Refused, BodyRefused)
)]
pub async fn cancel(
    State(server): State<AppState>,
    principal: Principal,
    peer: Peer,
    Json(chosen): Json<Chosen>,
) -> ApiResult<Json<BulkAnswer>> {
    let editable = principal.with_role(Role::Editor);
    let mut answer = BulkAnswer::default();
    for id in chosen.ids()? {
        let request = server.store.request_cancel(&editable, id).await;
        if let Ok(CancelRequest::Requested) = request {
            server.wake.cancel(id).await;
        }
        answer.note(id, request.map(drop));
    }
    server.note(&principal, "run.cancel", "many", None, json!(answer), peer).await?;
    Ok(Json(answer))
}

/// Gives each of many failed or cancelled runs one more attempt.
#[utoipa::path(
    post, path = "/jobs/runs/retry", request_body = Chosen,
    responses((status = 200, body = BulkAnswer), Refused, BodyRefused)
)]
pub async fn retry(
    State(server): State<AppState>,
    principal: Principal,
    peer: Peer,
    Json(chosen): Json<Chosen>,
) -> ApiResult<Json<BulkAnswer>> {
    let editable = principal.with_role(Role::Editor);
    let mut answer = BulkAnswer::default();
    for id in chosen.ids()? {
        answer.note(id, server.store.retry(&editable, id).await);
    }
    server.wake.wake_all().await;
    server.note(&principal, "run.retry", "many", None, json!(answer), peer).await?;
    Ok(Json(answer))
}
