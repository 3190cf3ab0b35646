//! Accepts connections. `axum::serve` has no limits on what a client may do before a request is
//! complete; this has.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{
    middleware::{client::Peer, limits::HttpLimits},
    server::places::{Place, Places},
};
use cascade_sse::{Handover, WatchedSocket};

/// The most bytes of a request's head.
const MOST_HEAD_BYTES: usize = 32 * 1024;
/// The pause after `accept` failed, as when the process has no file descriptor left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Serves until `stop`, and then ends what was begun.
pub async fn serve(
    listener: TcpListener,
    application: Router,
    limits: &HttpLimits,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MOST_HEAD_BYTES);
    let places = Places::new(limits);
    let connections = TaskTracker::new();
    loop {
        let accepted = async {
            // Those who come when all places are taken wait in the kernel's queue.
            let permit = places.permit().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Some(permit) = permit else { break };
        // Events are small and must not wait for each other.
        socket.set_nodelay(true).ok();
        let Ok(place) = places.take(peer.ip(), permit) else {
            refuse(&socket);
            continue;
        };
        let (http, application, stop) = (http.clone(), application.clone(), stop.clone());
        let write_timeout = limits.write_timeout;
        connections.spawn(async move {
            let served = connection(&http, socket, write_timeout, peer, application, place, stop);
            if let Err(error) = served.await {
                tracing::debug!(%error, %peer, "connection ended");
            }
        });
    }
    drop(listener);
    connections.close();
    // A client that does not read its answer must not keep the process from ending.
    if tokio::time::timeout(limits.request_timeout, connections.wait()).await.is_err() {
        tracing::warn!("some clients did not take their answers in time");
    }
}

/// Says why, if the socket takes it at once; nobody waits for it.
fn refuse(socket: &TcpStream) {
    let body = r#"{"error":{"code":"too_many_requests","message":"this address has too many connections","help":"CASCADE_CONNECTIONS_PER_ADDRESS raises the limit; name proxies in CASCADE_TRUSTED_PROXIES"}}"#;
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 10\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.try_write(answer.as_bytes()).ok();
}

/// Serves one connection until it ends, or leaves hyper as an event stream.
async fn connection(
    http: &http1::Builder,
    socket: TcpStream,
    write_timeout: Duration,
    peer: SocketAddr,
    application: Router,
    place: Place,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let exit = Handover::default();
    let socket = WatchedSocket::new(socket, exit.clone(), write_timeout);
    let way_out = exit.clone();
    let place = Arc::new(place);
    let asking = place.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        asking.has_asked();
        request.extensions_mut().insert(Peer(peer.ip()));
        request.extensions_mut().insert(way_out.clone());
        application.clone().oneshot(request)
    });
    let mut connection = http.serve_connection(socket, service);
    let mut stopping = false;
    let (hub, listener) = loop {
        let served = poll_fn(|cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            match exit.take() {
                Some(leaving) => Poll::Ready(Ok(Some(leaving))),
                None => ended.map_ok(|()| None),
            }
        });
        tokio::select! {
            served = served => match served? {
                Some(leaving) => break leaving,
                None => return Ok(()),
            },
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = place.give_way.cancelled() => return Ok(()),
        }
    };
    let socket = connection.into_parts().io.into_inner();
    hub.add(socket.into_std()?, listener, place);
    Ok(())
}
