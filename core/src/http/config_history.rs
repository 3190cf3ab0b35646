//! Every jobs.toml that came into force.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    error::{ApiError, ApiResult},
    extract::Params,
};
use crate::store::{ConfigHistory, ConfigVersionText};

#[derive(Deserialize, IntoParams)]
pub struct PageQuery {
    /// From 1.
    page: Option<u32>,
    /// At most 200; 50 if not given.
    per_page: Option<u32>,
}

/// The texts of jobs.toml that came into force, newest first; those edited on disk among them.
#[utoipa::path(get, path = "/jobs/config/history", params(PageQuery), responses((status = 200, body = ConfigHistory)))]
pub async fn list(
    State(server): State<AppState>,
    Params(query): Params<PageQuery>,
) -> ApiResult<Json<ConfigHistory>> {
    let page = query.page.unwrap_or(1).max(1);
    let per_page = query.per_page.unwrap_or(50).clamp(1, 200);
    Ok(Json(server.store.config_history(page, per_page).await?))
}

/// One of them, with its text. To go back to it, save it.
#[utoipa::path(
    get, path = "/jobs/config/history/{revision}",
    responses((status = 200, body = ConfigVersionText), (status = 404))
)]
pub async fn one(
    State(server): State<AppState>,
    Path(revision): Path<String>,
) -> ApiResult<Json<ConfigVersionText>> {
    let found = server.store.config_text(&revision).await?;
    found.map(Json).ok_or_else(|| {
        ApiError::not_found(format!("no jobs.toml of revision {revision} is kept"))
            .help("GET /api/jobs/config/history lists those that are; the newest 500 stay")
    })
}
