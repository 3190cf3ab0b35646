use axum::{
    extract::State,
    http::{HeaderMap, Method, header},
    response::IntoResponse,
};

use crate::{
    AppState,
    error::{ApiError, ApiResult, Refused},
    middleware::auth::{self, Peer},
};
use cascade_store::Queries;

/// Prometheus text: for this machine, and for who is signed in or has a token.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String), Refused))]
pub async fn metrics(
    State(server): State<AppState>,
    peer: Peer,
    headers: HeaderMap,
) -> ApiResult<impl IntoResponse> {
    auth::same_origin(&server.auth, &Method::GET, &headers)?;
    // A proxy on this machine passes on what comes from others, and a page whose name leads here asks
    // by that name.
    let here = peer.0.is_some_and(auth::is_local)
        && !headers.contains_key("x-forwarded-for")
        && auth::by_loopback_name(&headers);
    if !here && auth::principal(&server, &headers).await?.is_none() {
        return Err(ApiError::unauthorized(
            "metrics are for this machine by a name such as 127.0.0.1, or for who has a token",
        )
        .help("`cascade token add USER metrics --role viewer`, sent as a bearer token"));
    }
    let (connections, projects) = server.hub.subscribers().count();
    gauge("app_sse_connections_total", connections);
    gauge("app_sse_projects_subscribed", projects);
    // A job type that has nothing waiting any more must read 0, not its last figure.
    for job in server.config.registry().jobs() {
        for state in ["due", "available", "running", "retryable"] {
            let labels = [("job_type", job.descriptor().name.clone()), ("state", state.into())];
            metrics::gauge!("cascade_queue_depth", &labels).set(0.0);
            metrics::gauge!("cascade_queue_oldest_seconds", &labels).set(0.0);
        }
    }
    for depth in server.store.queue_depth().await? {
        let labels = [("job_type", depth.job_type), ("state", depth.state)];
        metrics::gauge!("cascade_queue_depth", &labels).set(depth.count as f64);
        metrics::gauge!("cascade_queue_oldest_seconds", &labels).set(depth.oldest_age_s);
    }
    for pool in server.store.pools() {
        let labels = [("pool", pool.name)];
        metrics::gauge!("cascade_pool_connections", &labels).set(f64::from(pool.size));
        metrics::gauge!("cascade_pool_idle", &labels).set(f64::from(pool.idle));
        metrics::gauge!("cascade_pool_max", &labels).set(f64::from(pool.max));
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, server.metrics.render()))
}

fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
