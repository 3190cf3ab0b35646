//! The params of a job that were in force when one of its runs began.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    api::runs::{RunId, found},
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Administrator,
        extract::{Json, Path},
    },
};
use cascade_store::Queries;

#[derive(Serialize, ToSchema)]
pub struct RunParams {
    /// Names the text of jobs.toml.
    revision: String,
    /// When that came into force.
    since: DateTime<Utc>,
    /// Who saved it, if that is known.
    by: Option<String>,
    /// Whether it is in force now.
    current: bool,
    /// The params of the job, secrets masked; null where the text does not name the job, or is refused by this version
    /// or with the plugins of now.
    #[schema(value_type = Option<Object>)]
    params: Option<Value>,
    /// Whether the params of now are the same; null where `params` is.
    same_now: Option<bool>,
}

/// The params that were in force when a run began, or that are for one that waits: by the texts of jobs.toml that are
/// kept, and the times at which they came into force.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/params", params(RunId),
    responses(
        (status = 200, body = RunParams),
        (status = 404, description = "There is no such run, or no text of that time is kept.", body = ErrorBody), Refused
    )
)]
pub async fn params(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<RunParams>> {
    let run = found(&server, &principal, id).await?;
    let at = match (run.started_at, run.finished_at) {
        (Some(began), _) => began,
        // Cancelled before it began.
        (None, Some(ended)) => ended,
        (None, None) => server.store.now().await?,
    };
    let Some(kept) = server.store.config_in_force(at).await? else {
        return Err(ApiError::not_found(format!("no jobs.toml of {at} is kept"))
            .help("GET /api/jobs/config/history lists those that are; the newest 500 stay"));
    };
    let state = server.config.state();
    let (config, text) = (server.config.clone(), kept.text);
    let checked = spawn_blocking(move || config.check_only(&text)).await;
    let checked = checked.map_err(|error| ApiError::internal(&error))?.ok().map(|(good, _)| good);
    let then = checked.as_ref().and_then(|good| good.config.jobs.get(&run.job_type));
    let now = state.config.jobs.get(&run.job_type);
    let same_now = then.map(|then| now.is_some_and(|now| now.params == then.params));
    let masked = checked.as_ref().map(|good| good.config.masked(&good.registry));
    let params = masked.and_then(|mut config| config.jobs.remove(&run.job_type));
    Ok(Json(RunParams {
        current: kept.version.revision == state.revision,
        revision: kept.version.revision,
        since: kept.version.at,
        by: kept.version.by,
        params: params.map(|job| job.params),
        same_now,
    }))
}
