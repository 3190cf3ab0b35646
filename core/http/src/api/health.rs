use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::response::BusState;
use crate::{
    AppState,
    error::{ApiResult, Refused},
};
use cascade_store::Queries;

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`, since a failing check answers with an error.
    status: &'static str,
    version: &'static str,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// What carries events now, and whether anything does.
    #[serde(flatten)]
    bus: BusState,
    uptime_ms: u64,
}

/// Whether the server can reach its database, and what carries events.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health), Refused))]
pub async fn health(State(server): State<AppState>) -> ApiResult<Json<Health>> {
    server.store.event_range().await?;
    Ok(Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        database: server.store.kind(),
        bus: (*server.bus.state().borrow()).into(),
        uptime_ms: u64::try_from(server.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}
