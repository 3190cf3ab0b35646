//! Deliveries that somebody has repeated.

use axum::{extract::State, http::StatusCode};
use cascade_store::Queries;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    list::{DeliveryPath, may_repeat, no_delivery},
    make::{Done, Incoming, SentAs, make},
};
use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::Role;

/// The run that a repeated delivery makes.
#[derive(Serialize, ToSchema)]
pub struct ReplayAnswer {
    run_id: Uuid,
}

/// Makes a new run of a delivery, whether it made one before or not, as jobs.toml says now. Its signature is not
/// looked at again.
#[utoipa::path(
    post, path = "/hooks/{name}/deliveries/{id}/replay", params(DeliveryPath),
    responses(
        (status = 201, body = ReplayAnswer), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "Its body was too long to be kept, jobs.toml has no such hook any more or makes no run of \
                           such a delivery, or the job takes no runs now."
        ),
        (status = 422, description = "No run can be made of what it says.", body = ErrorBody),
        Refused
    )
)]
pub async fn replay(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path((name, id)): Path<(String, Uuid)>,
) -> ApiResult<(StatusCode, Json<ReplayAnswer>)> {
    let found = server.store.delivery(&principal.visible(), &name, id).await?;
    let found = found.ok_or_else(|| no_delivery(id))?;
    if !may_repeat(&principal, found.delivery.project_id) {
        return Err(ApiError::forbidden("this takes the role editor in the delivery's project"));
    }
    let config = server.config.current();
    let hook = config.hooks.get(&name).ok_or_else(|| {
        ApiError::conflict(format!("jobs.toml has no hook `{name}` any more"))
            .help("only a hook that it has makes runs")
    })?;
    let bytes = found.delivery.bytes;
    let body = found.body.ok_or_else(|| {
        ApiError::conflict(format!("its body has {bytes} bytes, and was too long to be kept"))
            .help("where it made a run, that run can be run again")
    })?;
    let incoming = Incoming {
        name: name.clone(),
        hook: hook.clone(),
        address: peer.text(),
        headers: serde_json::from_str(&found.headers).unwrap_or_default(),
        body,
        sent_as: SentAs::default(),
        replay: Some((id, principal.name.clone())),
    };
    let noting = |project: Uuid| {
        server.demand(&principal, project, Role::Editor)?;
        let detail = json!({ "delivery": id });
        let entry = entry(&principal, "hook.replay", &name, Some(project), detail, peer);
        Ok(server.engine.noting(entry))
    };
    match make(&server, incoming, noting).await? {
        Done::Run { run, .. } => Ok((StatusCode::CREATED, Json(ReplayAnswer { run_id: run }))),
        Done::Ignored(reason) => {
            Err(ApiError::conflict(format!("jobs.toml makes no run of it: {reason}")))
        }
        Done::Refused(error) => Err(error),
    }
}
