use axum::{Json, extract::State};

use super::{AppState, error::Refused};
use crate::config::ConfigState;

/// jobs.toml as it is in force, secrets hidden, and the diagnostics of a text that was refused since.
#[utoipa::path(get, path = "/jobs/config", responses((status = 200, body = serde_json::Value), Refused))]
pub async fn config(State(server): State<AppState>) -> Json<ConfigState> {
    Json(server.config.state().masked())
}
