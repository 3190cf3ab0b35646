//! `GET /events/stream`: server-sent events, as the HTML standard defines them.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    AppState,
    client::ClientAddress,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    extract::Query,
    hub::{BATCH, Frame, Subscriber},
    streams::StreamSlot,
};
use crate::{
    access::{Principal, Via, Visible},
    bus::BusState,
    config::ConfigState,
};

const HEARTBEAT: Duration = Duration::from_secs(30);
/// Heartbeats between two looks at whether the session is still good.
const LOOK_AGAIN: u32 = 10;
/// How long a browser waits before it connects again, in ms.
const RETRY_MS: u32 = 2000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only this project's events; if not given, the session's active project's, or all for who may
    /// see all.
    project_id: Option<Uuid>,
    /// All that one may see, whatever the session looks at: for one stream that tabs with different
    /// projects share.
    #[serde(default)]
    visible: bool,
}

impl StreamQuery {
    /// What it shows to somebody; `None` when that is not theirs to see.
    fn scope(&self, principal: &Principal) -> Option<Visible> {
        if self.visible { Some(principal.visible()) } else { principal.scope(self.project_id) }
    }
}

/// Events as they happen: `connected`, at first and whenever the bus changes; each `job_completed`;
/// and `config_changed` when another jobs.toml or another build of a plugin came into force or was
/// refused. `Last-Event-ID` replays what was missed, or says `reset` when the outbox no longer has it.
#[utoipa::path(
    get, path = "/events/stream", params(StreamQuery),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 503, description = "All streams are in use.", body = ErrorBody),
        Refused
    )
)]
pub async fn stream(
    State(server): State<AppState>,
    principal: Principal,
    client: ClientAddress,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let last = match headers.get("last-event-id") {
        None => None,
        Some(text) => {
            let id = text.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
            Some(id.ok_or_else(|| ApiError::bad_request("Last-Event-ID is not a number"))?)
        }
    };
    let slot = server.streams.take(client)?;
    // Listen first and read the outbox then: nothing falls between the two.
    let scope = query
        .scope(&principal)
        .ok_or_else(|| ApiError::no_project(query.project_id.unwrap_or_default()))?;
    let access = server.access.subscribe();
    let subscriber = server.hub.subscribe(scope);
    let (oldest, newest) = server.store.event_range().await?;
    let mut bus = server.bus.state();
    let config = server.config.subscribe();
    let mut first = format!(
        "retry: {RETRY_MS}\nid: {}\n{}",
        last.filter(|last| (oldest - 1..=newest).contains(last)).unwrap_or(newest),
        connected(*bus.borrow_and_update()),
    );
    let cursor = match last {
        Some(last) if (oldest - 1..=newest).contains(&last) => last,
        Some(_) => {
            first.push_str(&format!("id: {newest}\nevent: reset\ndata: {{}}\n\n"));
            newest
        }
        None => newest,
    };
    let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = OpenStream {
        server,
        _slot: slot,
        subscriber,
        principal,
        asked: query,
        access,
        beats: 0,
        config,
        bus,
        cursor,
        replaying: last.is_some(),
        ready: VecDeque::from([Bytes::from(first)]),
        heartbeat,
    };
    let body = Body::from_stream(futures::stream::unfold(open, |mut open| async move {
        let bytes = open.next().await?;
        Some((Ok::<_, Infallible>(bytes), open))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

/// Sent first, and again whenever another bus carries the events.
fn connected(state: BusState) -> String {
    let state = serde_json::to_string(&state).unwrap_or_default();
    format!("event: connected\ndata: {state}\n\n")
}

struct OpenStream {
    server: AppState,
    _slot: StreamSlot,
    subscriber: Subscriber,
    principal: Principal,
    asked: StreamQuery,
    access: watch::Receiver<i64>,
    beats: u32,
    bus: watch::Receiver<BusState>,
    config: watch::Receiver<ConfigState>,
    /// The last event that was sent, or would have been had it been in scope.
    cursor: i64,
    replaying: bool,
    ready: VecDeque<Bytes>,
    heartbeat: tokio::time::Interval,
}

impl OpenStream {
    /// The next bytes; `None` closes the stream, and the client comes back with its last id.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if self.replaying {
                let events = self.server.store.events_after(self.cursor, BATCH).await.ok()?;
                self.replaying = !events.is_empty();
                for event in events {
                    self.take(event.into());
                }
                continue;
            }
            tokio::select! {
                () = self.server.stop.cancelled() => return None,
                // An error means too far behind: the client's last id keeps its place.
                frame = self.subscriber.frames.recv() => self.take(frame.ok()?),
                Ok(()) = self.bus.changed() => {
                    let state = *self.bus.borrow_and_update();
                    return Some(connected(state).into());
                }
                Ok(()) = self.config.changed() => {
                    self.config.mark_unchanged();
                    return Some(Bytes::from_static(b"event: config_changed\ndata: {}\n\n"));
                }
                Ok(()) = self.access.changed() => {
                    self.access.mark_unchanged();
                    if !self.still_allowed().await {
                        return None;
                    }
                }
                _ = self.heartbeat.tick() => {
                    self.beats += 1;
                    // A session that ends by itself tells nobody.
                    if self.beats.is_multiple_of(LOOK_AGAIN) && !self.still_allowed().await {
                        return None;
                    }
                    return Some(Bytes::from_static(b":heartbeat\n\n"));
                }
            }
        }
    }

    /// Whether who opened it would get the same stream now. When not, it closes: the browser comes
    /// back, and gets what is due to it now.
    async fn still_allowed(&self) -> bool {
        let accounts = &self.server.accounts;
        let now = match &self.principal.via {
            Via::Open => return true,
            Via::Session { digest, .. } => {
                accounts.principal_of_session_digest(digest.clone()).await
            }
            Via::Token { digest } => accounts.principal_of_token_digest(digest.clone()).await,
        };
        let Ok(Some(now)) = now else { return false };
        self.asked.scope(&now).as_ref() == Some(&self.subscriber.scope)
    }

    fn take(&mut self, frame: Frame) {
        if frame.id <= self.cursor {
            return;
        }
        self.cursor = frame.id;
        if self.subscriber.scope.includes(frame.project_id) {
            let (read, age) = frame.read;
            metrics::histogram!("cascade_event_latency_seconds").record(age + read.elapsed());
            self.ready.push_back(frame.bytes);
        }
    }
}
