//! The SSE hub: from one reader of the outbox to very many open event streams.
//!
//! A stream begins as an ordinary answer of hyper. When nothing of it is left to look up, its socket
//! leaves hyper ([`Handover`]) for a writer thread, which writes the same bytes to all of its sockets.
//! Such an idle stream is a socket and a place in the shared backlog, some two hundred bytes, where a
//! connection of hyper with its task and buffers takes sixteen thousand.
//!
//! Who may listen to what is not decided here: each stream has a [`Right`].

mod backlog;
mod entry;
mod handover;
mod hub;
mod idle_stream;
mod position;
mod right;
mod slots;
mod subscribers;
mod writer_thread;

pub use entry::{Entry, Framing, frame, reset};
pub use handover::{Handover, Listener, WatchedSocket};
pub use hub::{BATCH, EventHub, Joined};
pub use position::Position;
pub use right::Right;
pub use slots::{NoSlot, StreamSlot, StreamSlots};
pub use subscribers::{Grant, Subscribers, Subscription};

use backlog::Backlog;
use entry::Topic;
use idle_stream::IdleStream;
use writer_thread::WriterThread;
