//! From one shared tail to very many open event streams.
//!
//! A stream begins as an ordinary answer of hyper. When nothing of it is left to look up, its socket
//! leaves hyper ([`Exit`]) for a [`Lot`]: a thread that writes the same bytes to all of its sockets.
//! A parked stream is a socket and a place in the tail, some two hundred bytes, where a connection of
//! hyper with its task and buffers takes sixteen thousand.

mod audience;
mod exit;
mod lot;
mod parked;
mod tail;

pub(super) use audience::{Asked, Audience, Seat, Ticket};
pub(super) use exit::{Exit, Listener, Watched};
pub(super) use lot::Lot;
pub(super) use parked::Parked;
pub(super) use tail::{Entry, Framing, reset};

use axum::body::Bytes;

use cascade_model::Event;

/// An event as a chunk of a stream, made once for all streams.
pub fn frame(event: Event) -> Bytes {
    Entry::from(event).bytes(Framing::Chunked).clone()
}
