use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    AppState,
    error::{ApiResult, Refused},
    middleware::auth::Caller,
};
use cascade_model::ProjectRow;

#[derive(Serialize, ToSchema)]
pub struct Projects {
    items: Vec<ProjectRow>,
}

/// The projects that one may see, by slug.
#[utoipa::path(get, path = "/projects", responses((status = 200, body = Projects), Refused))]
pub async fn list(
    State(server): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<Projects>> {
    Ok(Json(Projects { items: server.store.projects(&principal.visible()).await? }))
}
