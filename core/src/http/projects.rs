use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    AppState,
    error::{ApiResult, Refused},
};
use crate::store::ProjectRow;

#[derive(Serialize, ToSchema)]
pub struct Projects {
    items: Vec<ProjectRow>,
}

/// All projects, by slug.
#[utoipa::path(get, path = "/projects", responses((status = 200, body = Projects), Refused))]
pub async fn list(State(server): State<AppState>) -> ApiResult<Json<Projects>> {
    Ok(Json(Projects { items: server.store.projects().await? }))
}
