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
use crate::{bus::BusState, config::ConfigState};

const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a browser waits before it connects again, in ms.
const RETRY_MS: u32 = 2000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only this project's events; all projects if not given.
    project_id: Option<Uuid>,
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
    let subscriber = server.hub.subscribe(query.project_id);
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
                _ = self.heartbeat.tick() => return Some(Bytes::from_static(b":heartbeat\n\n")),
            }
        }
    }

    fn take(&mut self, frame: Frame) {
        if frame.id <= self.cursor {
            return;
        }
        self.cursor = frame.id;
        if self.subscriber.scope.is_none_or(|project| project == frame.project_id) {
            let (read, age) = frame.read;
            metrics::histogram!("cascade_event_latency_seconds").record(age + read.elapsed());
            self.ready.push_back(frame.bytes);
        }
    }
}
