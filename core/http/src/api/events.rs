//! `GET /events/stream`: server-sent events, as the HTML standard defines them.

use std::{convert::Infallible, future::pending, time::Duration};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Version, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    AppState,
    api::notices::connected,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::{self, Asked, Caller},
        client::ClientAddress,
        extract::Query,
    },
};
use cascade_sse::{BATCH, Entry, Framing, Handover, Joined, Listener, NoSlot, Position, reset};

/// What a client that was refused is told to wait.
const WAIT: Duration = Duration::from_secs(10);
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

/// Events as they happen: `connected`, at first and whenever the bus changes; each `job_completed`;
/// and `config_changed` when another jobs.toml or another build of a plugin came into force or was
/// refused. `Last-Event-ID`, an `id` as it was sent, replays what was missed, or says `reset` when the
/// outbox cannot go on from there: it no longer has it, or has lost events by a restore or a fail-over.
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
    Caller(principal): Caller,
    client: ClientAddress,
    Query(query): Query<StreamQuery>,
    version: Version,
    handover: Option<Extension<Handover>>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    // One that cannot be read is of another edition: as good as one that is not known.
    let last =
        headers.get("last-event-id").map(|text| text.to_str().ok()?.parse::<Position>().ok());
    let slot = server.streams.take(client.bucket()).map_err(no_slot)?;
    let asked = Asked { project: query.project_id, visible: query.visible };
    let grant = auth::grant(&principal, &server.accounts, asked)
        .ok_or_else(|| ApiError::no_project(query.project_id.unwrap_or_default()))?;
    // Listen first and read the outbox then: nothing falls between the two.
    let Joined { subscription, next, newest } = server.hub.subscribe(grant);
    let fits =
        |newest: Position| last.is_none_or(|last| last.is_some_and(|last| last.fits(newest)));
    let (position, lost) = match (newest, last.flatten()) {
        // Nearly always: when all come back at once, none of them asks the database.
        (Some(newest), _) if fits(newest) => (newest, false),
        (_, Some(last)) if last.is_known(&*server.store).await? => (last, false),
        _ => (Position::newest(&*server.store).await?, last.is_some()),
    };
    let state = *server.bus.state().borrow();
    let mut first = format!("retry: {RETRY_MS}\nid: {position}\n{}", connected(state));
    if lost {
        first.push_str(&reset(position));
    }
    let replay = last.is_some() && !newest.is_some_and(fits);
    let cursor = position.id;
    let listener = Listener { subscription, slot, cursor, next, framing: Framing::from(version) };
    let first = stream::once(async move { Bytes::from(first) });
    let rest = missed(server, listener, replay, handover.map(|Extension(handover)| handover));
    let body = Body::from_stream(first.chain(rest).map(Ok::<_, Infallible>));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
        // The socket leaves hyper, so that no request can follow on it: a client that kept it for one
        // would meet a reset.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, body).into_response())
}

fn no_slot(refused: NoSlot) -> ApiError {
    let error = match refused {
        NoSlot::All(_) => ApiError::unavailable(refused.to_string()),
        NoSlot::Address(_) => ApiError::too_many(refused.to_string()).help(
            "tabs of one browser can share a stream; CASCADE_STREAMS_PER_ADDRESS raises the limit",
        ),
    };
    error.retry_after(WAIT)
}

/// What the outbox has after the listener's cursor, if it is to be replayed. Then the listener joins
/// those who wait for news, by the connection's handover; without a connection, as in some tests, it ends.
fn missed(
    server: AppState,
    listener: Listener,
    replay: bool,
    handover: Option<Handover>,
) -> impl Stream<Item = Bytes> {
    stream::unfold((server, listener, replay), move |(server, mut listener, replay)| {
        let handover = handover.clone();
        async move {
            while replay && !listener.subscription.grant.is_revoked() && !server.stop.is_cancelled()
            {
                let events = server.store.events_after(listener.cursor, BATCH).await.ok()?;
                let Some(newest) = events.last() else { break };
                listener.cursor = newest.id;
                let scope = &listener.subscription.grant.scope;
                let events = events.into_iter().filter(|event| scope.includes(event.project_id));
                let entries: Vec<_> = events.map(Entry::from).collect();
                if !entries.is_empty() {
                    let parts: Vec<_> =
                        entries.iter().map(|e| &e.bytes(Framing::Bare)[..]).collect();
                    return Some((Bytes::from(parts.concat()), (server, listener, replay)));
                }
            }
            handover?.leave(server.hub.clone(), listener);
            // This future is dropped when the connection leaves.
            pending().await
        }
    })
}
