use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::response::ProjectRow;
use crate::{
    AppState,
    error::{ApiResult, Refused},
    middleware::auth::Caller,
};
use cascade_store::Queries;

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
    let projects = server.store.projects(&principal.visible()).await?;
    Ok(Json(Projects { items: projects.into_iter().map(Into::into).collect() }))
}
