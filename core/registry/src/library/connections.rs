//! The connections that one call of a loaded plugin has open, by number.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as Lock, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cascade_sdk::{
    BoxFuture, ConnectionError,
    host::ByteStream,
    wire::{ConnectionRef, Refusal},
};
use tokio::sync::Mutex;

/// One call has no more than this open.
const MOST: usize = 16;

/// An open connection: one step runs, others wait for it.
type Shared = Arc<Mutex<Box<dyn ByteStream>>>;

#[derive(Default)]
pub(super) struct Connections {
    open: Lock<HashMap<u64, Shared>>,
    last: AtomicU64,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Shared>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection and gives it a number.
    pub async fn keep(
        &self,
        opened: BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>>,
    ) -> Result<u64, Refusal> {
        let full = || Refusal::new(format!("{MOST} connections are open; close one first"));
        if self.open().len() >= MOST {
            return Err(full());
        }
        let stream = Arc::new(Mutex::new(opened.await?));
        let mut open = self.open();
        if open.len() >= MOST {
            return Err(full());
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        open.insert(number, stream);
        Ok(number)
    }

    pub fn find(&self, ConnectionRef { connection }: ConnectionRef) -> Result<Shared, Refusal> {
        let found = self.open().get(&connection).cloned();
        found.ok_or_else(|| Refusal::new(format!("no open connection {connection}")))
    }

    /// Forgets a connection, which closes once a step under way has ended.
    pub fn close(&self, ConnectionRef { connection }: ConnectionRef) -> Result<(), Refusal> {
        let closed = self.open().remove(&connection);
        closed.map(drop).ok_or_else(|| Refusal::new(format!("no open connection {connection}")))
    }

    pub fn close_all(&self) {
        self.open().clear();
    }
}
