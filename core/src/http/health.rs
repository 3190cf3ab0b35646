use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AppState, error::ApiResult};

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`, since a failing check answers with an error.
    status: &'static str,
    version: &'static str,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// What carries events: `redis`, `postgres` or `memory`.
    bus: &'static str,
    /// Whether it does at present.
    connected: bool,
    uptime_ms: u64,
}

/// Whether the server can reach its database, and what carries events.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
pub async fn health(State(server): State<AppState>) -> ApiResult<Json<Health>> {
    server.store.event_range().await?;
    Ok(Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        database: server.store.kind(),
        bus: server.bus.name(),
        connected: server.bus.connected(),
        uptime_ms: u64::try_from(server.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}
