use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    AppState,
    error::{ApiResult, Refused},
};
use crate::{access::Principal, store::ProjectRow};

#[derive(Serialize, ToSchema)]
pub struct Projects {
    items: Vec<ProjectRow>,
}

/// The projects that one may see, by slug.
#[utoipa::path(get, path = "/projects", responses((status = 200, body = Projects), Refused))]
pub async fn list(
    State(server): State<AppState>,
    principal: Principal,
) -> ApiResult<Json<Projects>> {
    Ok(Json(Projects { items: server.store.projects(&principal.visible()).await? }))
}
