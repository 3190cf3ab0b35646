//! So many requests per second of one address.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

use crate::{AppState, error::ApiError, middleware::client::ClientAddress};

/// Seconds' worth of requests that may come at once: a page that opens asks for many things.
const BURST_SECONDS: u32 = 5;
/// Checks between two times that addresses which have long been silent are forgotten.
const FORGET_EVERY: u32 = 4096;

/// Counts requests by address.
pub struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    checks: AtomicU32,
}

impl RateLimit {
    /// 0 for no limit.
    pub fn new(per_second: u32) -> Self {
        let quota = NonZeroU32::new(per_second).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
            Quota::per_second(rate).allow_burst(burst)
        });
        Self { limiter: quota.map(DefaultKeyedRateLimiter::keyed), checks: AtomicU32::new(1) }
    }

    /// Within a quota of its own.
    pub(crate) fn within(quota: Quota) -> Self {
        Self { limiter: Some(DefaultKeyedRateLimiter::keyed(quota)), checks: AtomicU32::new(1) }
    }

    /// Whether one more is in order; if not, how long to wait.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            limiter.retain_recent();
        }
        let now = limiter.clock().now();
        limiter.check_key(&address).map_err(|early| early.wait_time_from(now))
    }
}

/// Answers 429 to whoever asks too often.
pub(crate) async fn limit(
    State(server): State<AppState>,
    client: ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    match server.rate.check(client.bucket()) {
        Ok(()) => next.run(request).await,
        Err(wait) => ApiError::too_many("too many requests from this address")
            .retry_after(wait)
            .into_response(),
    }
}
