use std::collections::BTreeMap;

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
use cascade_engine::{job_label, keep_labels, labelled_jobs, of_labelled_jobs};
use cascade_model::metric::{self, JOB_LABEL, Metric, OTHER_JOBS};
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
    set(metric::SSE_CONNECTIONS, connections);
    set(metric::SSE_PROJECTS, projects);
    queues(&server).await?;
    for pool in server.store.pools() {
        let labels = [("pool", pool.name)];
        metrics::gauge!(metric::POOL_CONNECTIONS.name, &labels).set(f64::from(pool.size));
        metrics::gauge!(metric::POOL_IDLE.name, &labels).set(f64::from(pool.idle));
        metrics::gauge!(metric::POOL_MAX.name, &labels).set(f64::from(pool.max));
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, of_labelled_jobs(&server.metrics.render())))
}

/// How much waits, by job: of those that have series of their own, and of the others together.
async fn queues(server: &AppState) -> ApiResult<()> {
    let config = server.config.state();
    keep_labels(|job| config.registry.job(job).is_some() || config.config.jobs.contains_key(job));
    let mut found = BTreeMap::<_, (f64, f64)>::new();
    // A job type that has nothing waiting any more must read 0, not its last figure.
    for job in labelled_jobs().into_iter().chain([OTHER_JOBS.to_owned()]) {
        for state in ["due", "available", "running", "retryable"] {
            found.insert((job.clone(), state.to_owned()), (0.0, 0.0));
        }
    }
    for depth in server.store.queue_depth().await? {
        let of = found.entry((job_label(&depth.job_type), depth.state)).or_default();
        *of = (of.0 + depth.count as f64, of.1.max(depth.oldest_age_s));
    }
    for ((job, state), (count, oldest)) in found {
        let labels = [(JOB_LABEL, job), ("state", state)];
        metrics::gauge!(metric::QUEUE_DEPTH.name, &labels).set(count);
        metrics::gauge!(metric::QUEUE_OLDEST.name, &labels).set(oldest);
    }
    Ok(())
}

fn set(metric: Metric, value: usize) {
    metrics::gauge!(metric.name).set(value as f64);
}
