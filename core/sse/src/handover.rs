//! How a connection leaves hyper with its answer not at an end.
//!
//! The body of a stream asks for it when it has nothing more to say by itself. The connection may go
//! when everything before has been written: hyper flushes the socket only after its own buffers.

use std::{
    io::{IoSlice, Result},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::Sleep};

use crate::{EventHub, Framing, StreamSlot, Subscription};

/// What is known of a stream once all that it said by itself is written.
pub struct Listener {
    /// Its subscription.
    pub subscription: Subscription,
    /// Its slot among the streams of its address.
    pub slot: StreamSlot,
    /// The last event of the outbox that it has, or would have were it in scope.
    pub cursor: i64,
    /// The number of the first entry of the backlog that it may lack.
    pub next: u64,
    /// How its body is written.
    pub framing: Framing,
}

/// A stream on its way from hyper to a writer of this hub.
pub type Leaving = (Arc<EventHub>, Box<Listener>);

/// One connection's way out of hyper; the other half is [`WatchedSocket`].
#[derive(Clone, Default)]
pub struct Handover(Arc<State>);

#[derive(Default)]
struct State {
    leaving: Mutex<Option<Leaving>>,
    flushed: AtomicBool,
}

impl Handover {
    /// Asks to leave as soon as all bytes so far are written.
    pub fn leave(&self, hub: Arc<EventHub>, listener: Listener) {
        *self.leaving() = Some((hub, Box::new(listener)));
    }

    /// The stream that left, if it may go now.
    pub fn take(&self) -> Option<Leaving> {
        if self.0.flushed.load(Ordering::Relaxed) { self.leaving().take() } else { None }
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, Option<Leaving>> {
        self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client must take of an answer in each write time-out while more of it waits, in bytes.
const LEAST_TAKEN: usize = 16 * 1024;

/// A socket that knows when hyper has written everything to it, and does not wait for ever for a
/// client that takes nothing.
pub struct WatchedSocket {
    socket: TokioIo<TcpStream>,
    handover: Handover,
    write_timeout: Duration,
    /// Runs from the moment the socket is full until enough is taken.
    patience: Option<Pin<Box<Sleep>>>,
    /// Bytes taken since then.
    taken: usize,
}

impl WatchedSocket {
    /// Watches for `handover`.
    pub fn new(socket: TcpStream, handover: Handover, write_timeout: Duration) -> Self {
        let socket = TokioIo::new(socket);
        Self { socket, handover, write_timeout, patience: None, taken: 0 }
    }

    /// Passes on what a write came to, unless the client has been too slow for too long.
    fn within_time(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        match &written {
            Poll::Ready(Ok(size)) => {
                self.taken += size;
                if self.taken >= LEAST_TAKEN {
                    self.patience = None;
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.patience.is_none() {
                    self.patience = Some(Box::pin(tokio::time::sleep(self.write_timeout)));
                    self.taken = 0;
                }
                let patience = self.patience.as_mut().map(|patience| patience.as_mut().poll(cx));
                if patience.is_some_and(|over| over.is_ready()) {
                    return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
                }
            }
        }
        written
    }

    /// The socket itself.
    pub fn into_inner(self) -> TcpStream {
        self.socket.into_inner()
    }
}

impl Read for WatchedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl Write for WatchedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.within_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.patience = None;
        if self.handover.leaving().is_some() {
            self.handover.0.flushed.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.within_time(cx, written)
    }
}
