//! Mail archives: mbox and Maildir. Messages are parsed by `mail-parser`.

mod body;
mod content_length;
mod identity;
mod lines;
mod maildir;
mod mbox;
mod message;
mod sender;
mod separator;
mod split;

pub use maildir::Maildir;
pub use mbox::Mbox;
pub use message::{Envelope, parse};

use std::time::{Duration, SystemTime};

/// Messages in a batch.
const AT_A_TIME: usize = 500;
/// Bytes of messages after which a batch ends.
pub const BATCH_BYTES: usize = 8 << 20;
/// Bytes kept of one message. Its text stands at its start; what is cut off are attachments.
pub const LARGEST: usize = 16 << 20;
/// A file untouched for so long is not being written.
const SETTLED: Duration = Duration::from_secs(60);

fn is_settled(modified: Option<SystemTime>) -> bool {
    // A time in the future is a wrong clock's, not a writer's.
    modified.is_none_or(|at| at.elapsed().map_or(true, |age| age > SETTLED))
}
