//! Accepts connections. `axum::serve` has no limits on what a client may do before a request is
//! complete; this has.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{client::Peer, limits::HttpLimits};

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
    let places = Arc::new(Semaphore::new(limits.connections()));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            // Those who come when all places are taken wait in the kernel's queue.
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
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
        // Events are small and must not wait for each other.
        socket.set_nodelay(true).ok();
        let application = application.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            application.clone().oneshot(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(socket), service));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "connection ended");
            }
        });
    }
    drop(listener);
    // A client that does not read its answer must not keep the process from ending.
    if tokio::time::timeout(limits.request_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("some clients did not take their answers in time");
    }
}
