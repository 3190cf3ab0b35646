//! Every jobs.toml that came into force.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::response::{ConfigHistory, ConfigVersionText};
use crate::{
    AppState,
    api::paging::paging,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Administrator,
        extract::{Json, Path, Query},
    },
};
use cascade_store::Queries;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// The texts of jobs.toml that came into force, newest first; those edited on disk among them.
#[utoipa::path(get, path = "/jobs/config/history", params(PageQuery), responses((status = 200, body = ConfigHistory), Refused))]
pub async fn list(
    State(server): State<AppState>,
    _: Administrator,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<ConfigHistory>> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    Ok(Json(server.store.config_history(page, per_page).await?.into()))
}

/// One of them, with its text, in which each secret is `"***"`. To go back to it, save it: what is
/// secret then stays as the file has it.
#[utoipa::path(
    get, path = "/jobs/config/history/{revision}",
    params(("revision" = String, Path, description = "The revision.")),
    responses((status = 200, body = ConfigVersionText), (status = 404, body = ErrorBody), Refused)
)]
pub async fn one(
    State(server): State<AppState>,
    _: Administrator,
    Path(revision): Path<String>,
) -> ApiResult<Json<ConfigVersionText>> {
    let mut found = server.store.config_text(&revision).await?;
    if let Some(version) = &mut found {
        version.text = cascade_config::masked_text(&version.text, &server.config.registry());
    }
    found.map(|found| Json(found.into())).ok_or_else(|| {
        ApiError::not_found(format!("no jobs.toml of revision {revision} is kept"))
            .help("GET /api/jobs/config/history lists those that are; the newest 500 stay")
    })
}
