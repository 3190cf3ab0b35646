//! The HTTP server: one file per resource. Everything answers under `/` and under `/api`.

mod bulk;
mod completions;
mod config;
mod config_history;
mod config_text;
mod data;
mod error;
mod events;
mod extract;
mod health;
mod hub;
mod jobs;
mod metrics;
mod projects;
mod runs;
mod ui;

use std::{sync::Arc, time::Instant};

use axum::{Json, Router, http::HeaderValue, middleware::from_fn, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use hub::EventHub;

use crate::{bus::Bus, config::LiveConfig, runner::HostHttp, scheduler::Wake, store::Store};

/// What handlers need.
pub struct Server {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// jobs.toml in force, and the job types and views under it.
    pub config: LiveConfig,
    /// How events travel.
    pub bus: Arc<dyn Bus>,
    /// Events to browsers.
    pub hub: Arc<EventHub>,
    /// Wakes this process' worker.
    pub wake: Wake,
    /// HTTP for views.
    pub http: Arc<HostHttp>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// When the process started.
    pub started: Instant,
    /// Ends event streams.
    pub stop: CancellationToken,
}

/// The state of every handler.
pub type AppState = Arc<Server>;

#[derive(OpenApi)]
#[openapi(info(
    title = "Cascade",
    description = "Cascading background jobs, watched live. Every path also answers without /api."
))]
struct ApiDoc;

fn health_and_metrics() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(metrics::metrics))
}

fn resources() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(projects::list))
        .routes(routes!(jobs::types))
        .routes(routes!(jobs::scheduler))
        .routes(routes!(jobs::trends))
        .routes(routes!(runs::runs))
        .routes(routes!(runs::run))
        .routes(routes!(runs::run_logs))
        .routes(routes!(runs::cascade))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::retry))
        .routes(routes!(bulk::cancel))
        .routes(routes!(bulk::retry))
        .routes(routes!(jobs::run_now))
        .routes(routes!(jobs::pause))
        .routes(routes!(jobs::resume))
        .routes(routes!(config::config))
        .routes(routes!(config_text::read, config_text::save))
        .routes(routes!(config_text::check))
        .routes(routes!(config_text::edit))
        .routes(routes!(config_history::list))
        .routes(routes!(config_history::one))
        .routes(routes!(completions::completions))
        .routes(routes!(data::views))
        .routes(routes!(data::read))
        .routes(routes!(data::act))
        .routes(routes!(events::stream))
}

/// What a worker serves: health and metrics.
pub fn probes(state: AppState) -> Router {
    let (bare, _) = health_and_metrics().split_for_parts();
    let (api, _) = OpenApiRouter::new().nest("/api", health_and_metrics()).split_for_parts();
    Router::new().merge(bare).merge(api).with_state(state)
}

/// The whole application.
pub fn router(state: AppState) -> Router {
    let (api, mut document) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .nest("/api", health_and_metrics().merge(resources()))
        .split_for_parts();
    let (probes, _) = health_and_metrics().split_for_parts();
    let (bare, _) = resources().split_for_parts();
    let bare = bare.route_layer(from_fn(ui::screens_first));
    document.info.version = env!("CARGO_PKG_VERSION").into();
    let openapi = get(move || async move { Json(document) });
    let no_sniff = HeaderValue::from_static("nosniff");
    Router::new()
        .merge(api)
        .merge(bare)
        .merge(probes)
        .route("/api/openapi.json", openapi)
        .fallback(ui::serve)
        // Compressed streams are buffered streams; the default predicate leaves SSE alone.
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            axum::http::header::X_CONTENT_TYPE_OPTIONS,
            no_sniff,
        ))
        .with_state(state)
}
