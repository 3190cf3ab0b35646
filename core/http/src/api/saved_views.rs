//! Filters of the Runs screen that an account has saved under a name.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path},
    },
};

/// A filter under a name.
#[derive(Serialize, ToSchema)]
pub struct SavedView {
    id: Uuid,
    name: String,
    /// The query string of the Runs screen, without `?`.
    search: String,
}

impl From<cascade_access::SavedView> for SavedView {
    fn from(from: cascade_access::SavedView) -> Self {
        Self { id: from.id, name: from.name, search: from.search }
    }
}

#[derive(Serialize, ToSchema)]
pub struct SavedViews {
    /// In the order that was chosen.
    items: Vec<SavedView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedViewText {
    /// Unique among one's own.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// The query string of the Runs screen, such as `state=failed&since=24h`.
    #[schema(max_length = 4000)]
    search: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewOrder {
    /// Each of one's views once.
    #[schema(max_items = 50)]
    ids: Vec<Uuid>,
}

/// Describes `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct ViewId {
    /// The view.
    id: Uuid,
}

/// The views that one has saved.
#[utoipa::path(get, path = "/saved-views", responses((status = 200, body = SavedViews), Refused))]
pub async fn list(
    State(server): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<SavedViews>> {
    let found = server.accounts.saved_views(principal.user_id).await?;
    Ok(Json(SavedViews { items: found.into_iter().map(Into::into).collect() }))
}

/// Saves a view, behind the others; at most 50.
#[utoipa::path(
    post, path = "/saved-views", request_body = SavedViewText,
    responses((status = 201, body = SavedView), Refused, BodyRefused)
)]
pub async fn add(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Json(SavedViewText { name, search }): Json<SavedViewText>,
) -> ApiResult<(StatusCode, Json<SavedView>)> {
    let saved = server.accounts.save_view(principal.user_id, &name, &search).await?;
    Ok((StatusCode::CREATED, Json(saved.into())))
}

/// Gives a view another name, or another filter.
#[utoipa::path(
    put, path = "/saved-views/{id}", params(ViewId), request_body = SavedViewText,
    responses(
        (status = 200, body = SavedView), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn change(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
    Json(SavedViewText { name, search }): Json<SavedViewText>,
) -> ApiResult<Json<SavedView>> {
    let changed = server.accounts.change_view(principal.user_id, id, &name, &search).await?;
    changed.map(|view| Json(view.into())).ok_or_else(|| missing(id))
}

/// Deletes a view.
#[utoipa::path(
    delete, path = "/saved-views/{id}", params(ViewId),
    responses((status = 204), (status = 404, body = ErrorBody), Refused)
)]
pub async fn remove(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<StatusCode> {
    match server.accounts.delete_view(principal.user_id, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing(id)),
    }
}

/// Puts one's views into another order.
#[utoipa::path(
    post, path = "/saved-views/order", request_body = ViewOrder,
    responses((status = 200, body = SavedViews), Refused, BodyRefused)
)]
pub async fn order(
    State(server): State<AppState>,
    caller: Caller,
    Json(ViewOrder { ids }): Json<ViewOrder>,
) -> ApiResult<Json<SavedViews>> {
    server.accounts.order_views(caller.0.user_id, &ids).await?;
    list(State(server), caller).await
}

fn missing(id: Uuid) -> ApiError {
    ApiError::not_found(format!("there is no view {id} of yours"))
}
